package tokenmint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
)

// signer signs in the form of JWS with a key that the host holds.
type signer struct {
	key  crypto.Signer
	hash crypto.Hash
	opts crypto.SignerOpts
	// size is the length of r and of s; 0 where signatures are taken as they come.
	size int
}

// signerName is by what the library asks for a key: keys of one id are told apart by their algorithms.
type signerName struct {
	keyID string
	alg   Algorithm
}

var hashes = map[Algorithm]crypto.Hash{
	RS256: crypto.SHA256, RS384: crypto.SHA384, RS512: crypto.SHA512,
	PS256: crypto.SHA256, PS384: crypto.SHA384, PS512: crypto.SHA512,
	ES256: crypto.SHA256, ES384: crypto.SHA384, ES512: crypto.SHA512,
}

// newSigner is a signer, and the public half of its key in PEM.
func newSigner(alg Algorithm, key crypto.Signer) (*signer, []byte, error) {
	hash := hashes[alg]
	s := &signer{key: key, hash: hash, opts: hash}
	fits := false
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		fits = len(alg) > 2 && (alg[:2] == "RS" || alg[:2] == "PS")
		if fits && alg[0] == 'P' {
			// RFC 7518 section 3.5: the salt is as long as the hash.
			s.opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		}
	case *ecdsa.PublicKey:
		fits = len(alg) > 2 && alg[:2] == "ES"
		s.size = (public.Curve.Params().BitSize + 7) / 8
	case ed25519.PublicKey:
		fits = alg == EdDSA
		s.opts = crypto.Hash(0)
	}
	if !fits {
		return nil, nil, refused(ErrKeyUsage, "alg", fmt.Errorf("%T does not sign %q", key.Public(), alg))
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, refused(ErrKeyMalformed, "", err)
	}
	return s, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

func (s *signer) sign(message []byte) ([]byte, error) {
	if s.hash != 0 {
		hash := s.hash.New()
		hash.Write(message)
		message = hash.Sum(nil)
	}
	signature, err := s.key.Sign(rand.Reader, message, s.opts)
	if err != nil || s.size == 0 {
		return signature, err
	}
	// RFC 7518 section 3.4: r and s, each of the curve's length, where crypto.Signer gives DER.
	var parts struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &parts); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("the signer gave no ECDSA signature in DER")
	}
	if parts.R.Sign() <= 0 || parts.S.Sign() <= 0 || parts.R.BitLen() > s.size*8 || parts.S.BitLen() > s.size*8 {
		return nil, fmt.Errorf("the signer gave an ECDSA signature that is out of range")
	}
	joined := make([]byte, 2*s.size)
	parts.R.FillBytes(joined[:s.size])
	parts.S.FillBytes(joined[s.size:])
	return joined, nil
}
