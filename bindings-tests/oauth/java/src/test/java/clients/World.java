package clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What the server is told beside the protocol, and what each client is asked to show. */
final class World {
    static final String ISSUER = System.getenv("TOKENMINT_ISSUER");
    static final URI WORKLOADS = URI.create(System.getenv("TOKENMINT_WORKLOADS") + "/oauth/token");
    /** The server that wants a nonce in proofs of possession, and its admin API. */
    static final String BOUND = System.getenv("TOKENMINT_BOUND");

    static final String BOUND_ADMIN = System.getenv("TOKENMINT_BOUND_ADMIN");
    static final URI RESOURCE = URI.create("https://api.example.com");

    private static final String ADMIN = System.getenv("TOKENMINT_ADMIN");
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    /** A session of a user at a client. */
    record Session(String subject, String id, String access, String refresh) {}

    /** One refresh: from a refresh token to the next. */
    interface Refresh {
        String next(String token) throws Exception;
    }

    private World() {}

    /** An operation of the server's owner. */
    static Map<String, Object> admin(String operation, Map<String, Object> input) throws Exception {
        return admin(operation, input, ADMIN);
    }

    static Map<String, Object> admin(String operation, Map<String, Object> input, String api) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(api + "/v1/" + operation))
                .header("Authorization", "Bearer demo-admin-key")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSONObjectUtils.toJSONString(input)))
                .build();
        HttpResponse<String> answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        assertEquals(200, answer.statusCode(), answer.body());
        return JSONObjectUtils.parse(answer.body());
    }

    /** Starts a session, as an application does after its own log-in. */
    static Session session(String client) throws Exception {
        String subject = "user_" + UUID.randomUUID();
        Map<String, Object> pair =
                admin("start_session", Map.of("subject", subject, "client_id", client, "scope", "read write"));
        return new Session(
                subject,
                (String) pair.get("session"),
                (String) pair.get("access_token"),
                (String) pair.get("refresh_token"));
    }

    /** How many sessions of a user live. */
    static int living(String subject) throws Exception {
        return ((List<?>) admin("list_sessions", Map.of("subject", subject)).get("sessions")).size();
    }

    /** A client that has no secret. */
    static String publicClient() throws Exception {
        return publicClient(ADMIN);
    }

    static String publicClient(String api) throws Exception {
        String id = "public-" + UUID.randomUUID();
        Map<String, Object> client = Map.of(
                "id", id,
                "organization", "org_demo",
                "public", true,
                "permissions", List.of("refresh_token", "token_exchange"),
                "scope", "read write",
                "audience", List.of(RESOURCE.toString()));
        admin("create_client", client, api);
        return id;
    }

    /** A client that may have tokens of its own, and nothing else: what it is called is nothing to a URL or a header. */
    static String limitedClient(String secret) throws Exception {
        String id = "urn:limited:" + UUID.randomUUID();
        admin("create_client", Map.of(
                "id", id,
                "organization", "org_demo",
                "secret", secret,
                "permissions", List.of("client_credentials"),
                "scope", "read write",
                "audience", List.of(RESOURCE.toString())));
        return id;
    }

    /** Refreshes in a loop, sixteen at once: all get the same successor, and the session lives on. */
    static String together(Session session, Refresh refresh) throws Exception {
        var threads = Executors.newFixedThreadPool(16);
        try {
            String token = session.refresh();
            for (int round = 0; round < 4; round++) {
                String current = token;
                List<Callable<String>> calls = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    calls.add(() -> refresh.next(current));
                }
                Set<String> successors = new HashSet<>();
                for (Future<String> answer : threads.invokeAll(calls)) {
                    successors.add(answer.get());
                }
                assertEquals(1, successors.size(), "one successor");
                token = successors.iterator().next();
                assertNotEquals(current, token);
            }
            assertEquals(1, living(session.subject()), "the session lives");
            return token;
        } finally {
            threads.shutdown();
        }
    }
}
