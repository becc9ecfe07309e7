package clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.dpop.DPoPProofFactory;
import com.nimbusds.oauth2.sdk.dpop.DefaultDPoPProofFactory;
import com.nimbusds.oauth2.sdk.dpop.JWKThumbprintConfirmation;
import com.nimbusds.oauth2.sdk.dpop.verifiers.DPoPIssuer;
import com.nimbusds.oauth2.sdk.dpop.verifiers.DPoPProtectedResourceRequestVerifier;
import com.nimbusds.oauth2.sdk.dpop.verifiers.InMemoryDPoPSingleUseChecker;
import com.nimbusds.oauth2.sdk.dpop.verifiers.InvalidDPoPProofException;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.DPoPAccessToken;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.token.Tokens;
import com.nimbusds.openid.connect.sdk.Nonce;
import java.net.URI;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Tokens that are bound to a key (RFC 9449), by Nimbus: the server wants a nonce of its own. */
class NimbusDpopTest {
    private static final ClientID APP = new ClientID("app");
    private static final Secret SECRET = new Secret("a-secret-of-the-tests");

    private final AuthorizationServerMetadata server = AuthorizationServerMetadata.resolve(new Issuer(World.BOUND));
    private final URI endpoint = server.getTokenEndpointURI();

    NimbusDpopTest() throws Exception {}

    @Test
    void metadataNameTheAlgorithms() {
        assertTrue(server.getDPoPJWSAlgs().contains(JWSAlgorithm.ES256));
    }

    @Test
    void tokensOfAClientAreBoundAndCheckedAtAResource() throws Exception {
        Map<JWSAlgorithm, JWK> keys = Map.of(
                JWSAlgorithm.ES256, new ECKeyGenerator(Curve.P_256).generate(),
                JWSAlgorithm.PS256, new RSAKeyGenerator(2048).generate());
        for (var entry : keys.entrySet()) {
            DPoPProofFactory proofs = new DefaultDPoPProofFactory(entry.getValue(), entry.getKey());
            Tokens tokens = granted(send(proofs, credentials()));
            DPoPAccessToken token = tokens.getDPoPAccessToken();
            var confirmation = JWKThumbprintConfirmation.parse(SignedJWT.parse(token.getValue()).getJWTClaimsSet());
            assertEquals(JWKThumbprintConfirmation.of(entry.getValue()), confirmation);

            URI resource = URI.create(World.RESOURCE + "/things");
            var once = new InMemoryDPoPSingleUseChecker(600, 600);
            try {
                var verifier = new DPoPProtectedResourceRequestVerifier(keys.keySet(), 600, 600, once);
                SignedJWT proof = proofs.createDPoPJWT("GET", resource, token);
                verifier.verify("GET", resource, new DPoPIssuer(APP), proof, token, confirmation, (Nonce) null);
                assertThrows(InvalidDPoPProofException.class, () -> verifier.verify(
                        "GET", resource, new DPoPIssuer(APP), proof, token, confirmation, (Nonce) null));
            } finally {
                once.shutdown();
            }
        }
    }

    @Test
    void aPublicClientsRefreshTokenIsOfUseToItsKeyAlone() throws Exception {
        JWK key = new ECKeyGenerator(Curve.P_256).generate();
        DPoPProofFactory own = new DefaultDPoPProofFactory(key, JWSAlgorithm.ES256);
        DPoPProofFactory other =
                new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);
        ClientID id = new ClientID(World.publicClient(World.BOUND_ADMIN));
        Map<String, Object> session = World.admin(
                "start_session",
                Map.of(
                        "subject", "user_" + UUID.randomUUID(),
                        "client_id", id.getValue(),
                        "scope", "read write",
                        "jkt", key.computeThumbprint().toString()),
                World.BOUND_ADMIN);
        String started = (String) session.get("refresh_token");
        assertEquals("invalid_grant", error(send(other, refresh(id, started))));
        assertEquals("invalid_dpop_proof", error(refresh(id, started).toHTTPRequest().send()));
        Tokens next = granted(send(own, refresh(id, started)));
        assertNotEquals(started, next.getRefreshToken().getValue());
        assertNotNull(granted(send(own, refresh(id, next.getRefreshToken().getValue()))).getDPoPAccessToken());
    }

    @Test
    void aProofIsTakenOnce() throws Exception {
        var proofs = new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);
        SignedJWT proof = proofs.createDPoPJWT("POST", endpoint, nonce(proofs));
        for (boolean isFirst : new boolean[] {true, false}) {
            HTTPRequest request = credentials().toHTTPRequest();
            request.setDPoP(proof);
            HTTPResponse answer = request.send();
            if (isFirst) {
                granted(answer);
            } else {
                assertEquals("invalid_dpop_proof", error(answer));
            }
        }
    }

    private TokenRequest credentials() {
        return new TokenRequest.Builder(endpoint, new ClientSecretBasic(APP, SECRET), new ClientCredentialsGrant())
                .scope(new Scope("read"))
                .build();
    }

    private TokenRequest refresh(ClientID id, String token) {
        return new TokenRequest.Builder(endpoint, id, new RefreshTokenGrant(new RefreshToken(token))).build();
    }

    /** The nonce that the server wants of whoever brings none. */
    private Nonce nonce(DPoPProofFactory proofs) throws Exception {
        HTTPRequest request = credentials().toHTTPRequest();
        request.setDPoP(proofs.createDPoPJWT("POST", endpoint));
        HTTPResponse answer = request.send();
        assertEquals("use_dpop_nonce", error(answer));
        return answer.getDPoPNonce();
    }

    private HTTPResponse send(DPoPProofFactory proofs, TokenRequest asked) throws Exception {
        HTTPRequest request = asked.toHTTPRequest();
        request.setDPoP(proofs.createDPoPJWT("POST", endpoint, nonce(proofs)));
        return request.send();
    }

    private static Tokens granted(HTTPResponse answer) throws Exception {
        return TokenResponse.parse(answer).toSuccessResponse().getTokens();
    }

    private static String error(HTTPResponse answer) throws Exception {
        assertEquals(400, answer.getStatusCode(), answer.getBody());
        return TokenResponse.parse(answer).toErrorResponse().getErrorObject().getCode();
    }
}
