package tokenmint

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// The options are what the files say as JSON: a trusted issuer with all of its fields, and one that leaves out what may be.
func TestTrustedIssuersAreToldAsTheyAre(t *testing.T) {
	var file struct {
		Cases []struct {
			ID     string
			Policy struct {
				TrustedIssuers []struct {
					Issuer   string
					JWKS     json.RawMessage
					Reusable bool
					Rules    []AssertionRule
				} `json:"trusted_issuers"`
			}
		}
	}
	readVectors(t, "flows.json", &file)
	for _, c := range file.Cases {
		if c.ID != "assertion/ci" && c.ID != "assertion/kubernetes" {
			continue
		}
		given := c.Policy.TrustedIssuers[0]
		trusted := TrustedIssuer{Issuer: given.Issuer, JWKS: given.JWKS, Reusable: given.Reusable, MaxAge: 2 * time.Hour, Rules: given.Rules}
		keys, err := NewKeySet(HMAC("k1", HS256, []byte("a secret of at least thirty-two bytes")))
		must(t, err)
		_, err = NewIssuer(keys, "https://issuer.example", TrustedIssuers(trusted, TrustedIssuer{JWKS: given.JWKS, Rules: given.Rules}))
		must(t, err)

		told, err := json.Marshal(trusted.config())
		must(t, err)
		var config struct {
			MaxAge string `json:"max_age"`
			Rules  []AssertionRule
		}
		must(t, json.Unmarshal(told, &config))
		if config.MaxAge != "7200" || !reflect.DeepEqual(config.Rules, given.Rules) {
			t.Errorf("%s: %s", c.ID, told)
		}
		trusted.Rules[0].Claims = map[string]string{}
		_, err = NewIssuer(keys, "https://issuer.example", TrustedIssuers(trusted))
		refused, ok := err.(*Error)
		if !ok || refused.Field != "trusted_issuers[0].rules[0].claims" {
			t.Errorf("%s: %v", c.ID, err)
		}
	}
}
