package clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.JWTBearerGrant;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResourceOwnerPasswordCredentialsGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenIntrospectionSuccessResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientAuthenticationMethod;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.token.Token;
import com.nimbusds.oauth2.sdk.token.TokenTypeURI;
import com.nimbusds.oauth2.sdk.tokenexchange.TokenExchangeGrant;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nimbus oauth2-oidc-sdk, on which Spring Security stands. */
class NimbusTest {
    private static final ClientID CLIENT = new ClientID("demo-client");
    private static final ClientID KEY_CLIENT = new ClientID("demo-key-client");
    private static final Secret SECRET = new Secret("demo-client-secret-for-everybody");
    private static final Secret WRONG = new Secret("wrong");
    private static final String UNKNOWN = "a token that nobody knows";

    private final AuthorizationServerMetadata server = AuthorizationServerMetadata.resolve(new Issuer(World.ISSUER));

    NimbusTest() throws Exception {}

    /** How a client proves itself. */
    enum Method {
        BASIC,
        POST,
        PRIVATE_KEY_JWT;

        ClientID client() {
            return this == PRIVATE_KEY_JWT ? KEY_CLIENT : CLIENT;
        }

        ClientAuthentication prove(URI audience) throws Exception {
            return switch (this) {
                case BASIC -> new ClientSecretBasic(CLIENT, SECRET);
                case POST -> new ClientSecretPost(CLIENT, SECRET);
                case PRIVATE_KEY_JWT -> {
                    JWK key = JWK.parse(System.getenv("TOKENMINT_KEY_CLIENT_JWK"));
                    JWSAlgorithm algorithm = JWSAlgorithm.parse(key.getAlgorithm().getName());
                    var secret = ((AsymmetricJWK) key).toPrivateKey();
                    yield new PrivateKeyJWT(KEY_CLIENT, audience, algorithm, secret, key.getKeyID(), null);
                }
            };
        }
    }

    private ClientAuthentication prove(Method method) throws Exception {
        return method.prove(server.getTokenEndpointURI());
    }

    @Test
    void metadataNameWhatTheServerHas() {
        assertEquals(World.ISSUER, server.getIssuer().getValue());
        assertTrue(server.getGrantTypes().contains(TokenExchangeGrant.GRANT_TYPE));
        assertTrue(server.getTokenEndpointAuthMethods().containsAll(List.of(
                ClientAuthenticationMethod.CLIENT_SECRET_BASIC,
                ClientAuthenticationMethod.CLIENT_SECRET_POST,
                ClientAuthenticationMethod.PRIVATE_KEY_JWT,
                ClientAuthenticationMethod.NONE)));
        assertNull(server.getAuthorizationEndpointURI());
    }

    @ParameterizedTest
    @EnumSource
    void clientCredentials(Method method) throws Exception {
        TokenResponse answer = send(new TokenRequest.Builder(
                        server.getTokenEndpointURI(), prove(method), new ClientCredentialsGrant())
                .scope(new Scope("read"))
                .resource(World.RESOURCE));
        AccessToken token = answer.toSuccessResponse().getTokens().getBearerAccessToken();
        assertEquals("read", token.getScope().toString());
        assertNull(answer.toSuccessResponse().getTokens().getRefreshToken());
        assertEquals(method.client().getValue(), atTheResource(token.getValue()).getStringClaim("client_id"));
    }

    @ParameterizedTest
    @EnumSource
    void refreshSixteenAtOnce(Method method) throws Exception {
        World.Session session = World.session(method.client().getValue());
        String last = World.together(session, token -> {
            TokenResponse answer = send(request(prove(method), refresh(token)));
            return answer.toSuccessResponse().getTokens().getRefreshToken().getValue();
        });
        TokenResponse narrower = send(request(prove(method), refresh(last)).scope(new Scope("read")));
        AccessToken token = narrower.toSuccessResponse().getTokens().getBearerAccessToken();
        assertEquals("read", atTheResource(token.getValue()).getStringClaim("scope"));
        assertEquals(session.subject(), atTheResource(token.getValue()).getSubject());
    }

    @ParameterizedTest
    @EnumSource
    void introspectionAndRevocation(Method method) throws Exception {
        World.Session session = World.session(method.client().getValue());
        Token access = new BearerAccessToken(session.access());
        TokenIntrospectionSuccessResponse known = introspect(method, access);
        assertTrue(known.isActive());
        assertEquals(session.subject(), known.getSubject().getValue());
        assertEquals(method.client(), known.getClientID());
        assertEquals("read write", known.getScope().toString());
        revoke(method, access);
        assertFalse(introspect(method, access).isActive());
        assertEquals(1, World.living(session.subject()), "an access token ends alone");
        revoke(method, new RefreshToken(session.refresh()));
        assertEquals(0, World.living(session.subject()));
        refused("invalid_grant", 400, request(prove(method), refresh(session.refresh())));
        revoke(method, new RefreshToken(UNKNOWN));
    }

    @Test
    void introspectionAsJwt() throws Exception {
        World.Session session = World.session(CLIENT.getValue());
        HTTPRequest request = new TokenIntrospectionRequest(
                        server.getIntrospectionEndpointURI(), prove(Method.BASIC), new BearerAccessToken(session.access()))
                .toHTTPRequest();
        request.setAccept("application/token-introspection+jwt");
        HTTPResponse answer = request.send();
        assertEquals("application/token-introspection+jwt", answer.getEntityContentType().getType());
        var processor = processor("token-introspection+jwt", CLIENT.getValue(), Set.of("iss", "aud", "iat"));
        JWTClaimsSet claims = processor.process(answer.getBody(), null);
        assertEquals(session.subject(), claims.getJSONObjectClaim("token_introspection").get("sub"));
    }

    @Test
    void publicClient() throws Exception {
        ClientID id = new ClientID(World.publicClient());
        World.Session session = World.session(id.getValue());
        String last = World.together(session, token -> {
            TokenResponse answer = send(new TokenRequest.Builder(server.getTokenEndpointURI(), id, refresh(token)));
            return answer.toSuccessResponse().getTokens().getRefreshToken().getValue();
        });
        var another = new TokenRequest.Builder(
                server.getTokenEndpointURI(), id, refresh(World.session(CLIENT.getValue()).refresh()));
        refused("invalid_grant", 400, another);
        var revocation = new TokenRevocationRequest(server.getRevocationEndpointURI(), id, new RefreshToken(last));
        assertEquals(200, revocation.toHTTPRequest().send().getStatusCode());
        assertEquals(0, World.living(session.subject()));
    }

    @Test
    void exchange() throws Exception {
        World.Session session = World.session(CLIENT.getValue());
        AccessToken own = send(request(prove(Method.BASIC), new ClientCredentialsGrant()))
                .toSuccessResponse()
                .getTokens()
                .getAccessToken();
        var subject = new BearerAccessToken(session.access());
        var grant = new TokenExchangeGrant(
                subject, TokenTypeURI.ACCESS_TOKEN, own, TokenTypeURI.ACCESS_TOKEN, TokenTypeURI.ACCESS_TOKEN, null);
        AccessToken narrow = send(request(prove(Method.BASIC), grant).scope(new Scope("read")))
                .toSuccessResponse()
                .getTokens()
                .getAccessToken();
        assertEquals(TokenTypeURI.ACCESS_TOKEN, narrow.getIssuedTokenType());
        JWTClaimsSet claims = atTheResource(narrow.getValue());
        assertEquals(session.subject(), claims.getSubject());
        assertEquals(CLIENT.getValue(), claims.getJSONObjectClaim("act").get("sub"));
        var wider = new TokenExchangeGrant(narrow, TokenTypeURI.ACCESS_TOKEN);
        refused("invalid_scope", 400, request(prove(Method.BASIC), wider).scope(new Scope("write")));
        World.admin("revoke_session", Map.of("session", session.id()));
        assertFalse(introspect(Method.BASIC, narrow).isActive());
    }

    @Test
    void assertionsOfATrustedIssuer() throws Exception {
        JWTBearerGrant grant = new JWTBearerGrant(workload("4711"));
        TokenResponse answer = send(new TokenRequest.Builder(World.WORKLOADS, grant));
        assertEquals(new Scope("deploy"), answer.toSuccessResponse().getTokens().getAccessToken().getScope());
        refused("invalid_grant", 400, new TokenRequest.Builder(World.WORKLOADS, grant));
        JWTBearerGrant other = new JWTBearerGrant(workload("4712"));
        refused("invalid_grant", 400, new TokenRequest.Builder(World.WORKLOADS, other));
    }

    @Test
    void eachErrorHasItsName() throws Exception {
        ClientAuthentication client = prove(Method.POST);
        ClientCredentialsGrant own = new ClientCredentialsGrant();
        refused("invalid_scope", 400, request(client, own).scope(new Scope("unheard-of")));
        refused("invalid_target", 400, request(client, own).resource(URI.create("https://other.example")));
        refused("invalid_request", 400, request(client, own).customParameter("scope", "read", "write"));
        refused("invalid_grant", 400, request(client, refresh(UNKNOWN)));
        refused("invalid_client", 401, request(new ClientSecretBasic(CLIENT, WRONG), own));
        refused("invalid_client", 401, request(new ClientSecretPost(CLIENT, WRONG), own));
        var password = new ResourceOwnerPasswordCredentialsGrant("u", new Secret("p"));
        refused("unsupported_grant_type", 400, request(client, password));
        var unknown = new TokenExchangeGrant(new BearerAccessToken(UNKNOWN), TokenTypeURI.ACCESS_TOKEN);
        refused("invalid_request", 400, request(client, unknown));
        Secret secret = new Secret("100% \"sound\" & +:/?#=");
        ClientID limited = new ClientID(World.limitedClient(secret.getValue()));
        for (var way : List.of(new ClientSecretBasic(limited, secret), new ClientSecretPost(limited, secret))) {
            assertTrue(send(request(way, own)).indicatesSuccess());
        }
        World.Session session = World.session(CLIENT.getValue());
        refused(
                "unauthorized_client",
                400,
                request(new ClientSecretBasic(limited, secret), refresh(session.refresh())));
        ClientAuthentication once = prove(Method.PRIVATE_KEY_JWT);
        assertTrue(send(request(once, own)).indicatesSuccess());
        refused("invalid_client", 401, request(once, own));
        var elsewhere = Method.PRIVATE_KEY_JWT.prove(URI.create("https://other.example"));
        refused("invalid_client", 401, request(elsewhere, own));
        assertEquals(1, World.living(session.subject()), "no error ended the session");
    }

    @Test
    void whatIsNoAccessToken() throws Exception {
        String token = World.session(CLIENT.getValue()).access();
        assertThrows(BadJOSEException.class, () -> processor("at+jwt", "https://other.example", Set.of("aud"))
                .process(token, null));
        assertThrows(BadJOSEException.class, () -> processor("JWT", World.RESOURCE.toString(), Set.of("aud"))
                .process(token, null));
    }

    private TokenRequest.Builder request(ClientAuthentication client, AuthorizationGrant grant) {
        return new TokenRequest.Builder(server.getTokenEndpointURI(), client, grant);
    }

    private static RefreshTokenGrant refresh(String token) {
        return new RefreshTokenGrant(new RefreshToken(token));
    }

    private static TokenResponse send(TokenRequest.Builder request) throws Exception {
        return TokenResponse.parse(request.build().toHTTPRequest().send());
    }

    private static void refused(String error, int status, TokenRequest.Builder request) throws Exception {
        TokenResponse answer = send(request);
        assertFalse(answer.indicatesSuccess(), error);
        var said = answer.toErrorResponse().getErrorObject();
        assertEquals(error, said.getCode(), said.getDescription());
        assertEquals(status, said.getHTTPStatusCode());
    }

    private TokenIntrospectionSuccessResponse introspect(Method method, Token token) throws Exception {
        var request = new TokenIntrospectionRequest(server.getIntrospectionEndpointURI(), prove(method), token);
        return TokenIntrospectionResponse.parse(request.toHTTPRequest().send()).toSuccessResponse();
    }

    private void revoke(Method method, Token token) throws Exception {
        var request = new TokenRevocationRequest(server.getRevocationEndpointURI(), prove(method), token);
        assertEquals(200, request.toHTTPRequest().send().getStatusCode());
    }

    /** An access token at the resource, by RFC 9068 section 4. */
    private JWTClaimsSet atTheResource(String token) throws Exception {
        var required = Set.of("iss", "exp", "aud", "sub", "client_id", "iat", "jti");
        return processor("at+jwt", World.RESOURCE.toString(), required).process(token, null);
    }

    private DefaultJWTProcessor<SecurityContext> processor(String type, String audience, Set<String> required)
            throws Exception {
        JWKSource<SecurityContext> keys =
                JWKSourceBuilder.create(server.getJWKSetURI().toURL()).build();
        var processor = new DefaultJWTProcessor<SecurityContext>();
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType(type)));
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(
                Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256), keys));
        processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
                audience, new JWTClaimsSet.Builder().issuer(World.ISSUER).build(), required));
        return processor;
    }

    /** What a job of CI shows of itself, signed by the issuer that the second server trusts. */
    private static SignedJWT workload(String repository) throws Exception {
        JWK key = JWK.parse(Files.readString(Path.of(System.getenv("TOKENMINT_WORKLOAD_JWK"))));
        Instant now = Instant.now();
        var claims = new JWTClaimsSet.Builder()
                .issuer("https://ci.example")
                .audience("https://login.example")
                .subject("repo:acme/shop:ref:refs/heads/main")
                .claim("repository_id", repository)
                .jwtID(UUID.randomUUID().toString())
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(300)))
                .build();
        var header = new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build();
        SignedJWT token = new SignedJWT(header, claims);
        token.sign(new RSASSASigner(key.toRSAKey()));
        return token;
    }
}
