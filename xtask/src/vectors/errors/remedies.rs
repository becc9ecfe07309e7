//! For each code, what usually causes it and what to do: for the reader whom an error sends to `docs/errors.md`.

use tokenmint::ErrorCode;
use tokenmint::ErrorCode::*;

/// Links are from `docs`.
pub(super) const REMEDIES: &[(ErrorCode, &str, &str)] = &[
    (
        LifetimeEmpty,
        "A setting or a form's field that is there and has nothing in it, often an environment variable that is not set.",
        "Give a text such as `\"1h\"` or whole seconds, or leave the field out where it is optional.",
    ),
    (
        LifetimeSyntax,
        "A text that is neither a number with a unit nor whole seconds: `\"1h30m\"`, `\"1,5h\"`, `\"PT1H\"`.",
        "One number and one unit: `\"90m\"`, `\"1.5h\"`. `tokenmint expires-in TEXT` reads it as the library does.",
    ),
    (
        LifetimeUnit,
        "A unit that is not known, or one that differs from month to month.",
        "Units are those of the message; for a month write days, `\"30d\"`.",
    ),
    (
        LifetimeNotPositive,
        "`0`, `\"0s\"` or a negative lifetime.",
        "A token that shall not live is not minted. For one that is over at once in a test, mint at an earlier time.",
    ),
    (
        LifetimeUnderOneSecond,
        "Milliseconds, or a fraction of a second: tokens tell time in whole seconds.",
        "At least `\"1s\"`.",
    ),
    (
        LifetimeTooLong,
        "More than the policy's `max_lifetime`; often milliseconds that were given as seconds.",
        "A bare number is seconds in every language: write a text with its unit. If so long is meant, raise the policy's maximum.",
    ),
    (
        LifetimeOverflow,
        "A number that no clock reaches.",
        "Look for milliseconds or a time (seconds since 1970) that was given in the place of a lifetime.",
    ),
    (
        LifetimeType,
        "A float, a boolean, `null` or a time object where a lifetime is wanted.",
        "Whole seconds, a text, or your language's own duration (`timedelta`, `time.Duration`).",
    ),
    (
        LifetimeTooMuchText,
        "Something else got into the field: a token, a file's text.",
        "See what the field is given.",
    ),
    (
        TimeInvalid,
        "A time before 1970 or far beyond any clock, or one that is no number of seconds.",
        "Give seconds since 1970; `Date.now()` in JavaScript is milliseconds.",
    ),
    (
        ClaimReserved,
        "`exp`, `iss`, `aud`, `iat`, `jti` and the like among the custom claims, or a claim that flows set themselves, such as `scope` or `sid`.",
        "Set a registered claim by its own argument, or in the policy. Give your own another name.",
    ),
    (
        ClaimDuplicate,
        "One name twice in an object of JSON, or in the claims and in the policy's fixed claims. Parsers disagree about which one counts, so neither does.",
        "Leave one of them out. The message names it.",
    ),
    (
        ClaimsNotObject,
        "Claims that are a list, a text, or JSON within a text (encoded twice).",
        "Give the object itself.",
    ),
    (
        ClaimsNotJson,
        "A value that JSON has no form for: `NaN`, `undefined`, a date object, a number beyond its limits; or nested too deeply.",
        "Convert it first: a date to seconds, a decimal to a text.",
    ),
    (
        ClaimsTooLarge,
        "A token of more than 64 KiB. Most proxies take 8 KiB of headers at most.",
        "Put an id into the token, and look the rest up.",
    ),
    (
        KeyMalformed,
        "The text is no key of that form: the path in the place of the content, PEM whose line breaks are lost, half of it pasted.",
        "The message says what was found. PEM from an environment variable often has `\\n` written as two characters; read the key from a file.",
    ),
    (
        KeyWeak,
        "A secret shorter than its hash (32 bytes for HS256, 48 for HS384, 64 for HS512; RFC 7518 section 3.2), or RSA under 2048 bits. Other libraries take both.",
        "`openssl rand -hex 32` makes a secret. To change one over, sign with the new key and keep verifying with both: [coming from another library](migrate/README.md).",
    ),
    (
        KeyUnsupported,
        "A curve or algorithm that this build does not have: ES256K, Ed448, or RSA in a build of HMAC alone.",
        "Take EdDSA or ES256, or a build with `aws-lc`, `rustcrypto` or `host`.",
    ),
    (
        KeyUsage,
        "The key says of itself that it is for something else (`use`, `key_ops`, `alg`), or a public key is given as a shared secret.",
        "Take the key that is meant for this, or correct what it says of itself. A public key is never a secret.",
    ),
    (
        KeyDuplicate,
        "Two keys of one set have the same `kid` and algorithm.",
        "Give each key an id of its own. A new key is a new id.",
    ),
    (
        KeyMissing,
        "A key set or a ring without a key that can sign, or a configuration that names a key which is not in it.",
        "Add it, or name one that is there. `tokenmint keys list` shows what a ring has.",
    ),
    (
        KeyCannotSign,
        "A public key where a token is to be minted.",
        "Give the private key; whoever verifies needs the public one alone.",
    ),
    (
        PolicyInvalid,
        "Settings that do not fit together, or a value out of its range.",
        "The message names the field and what it needs.",
    ),
    (TokenTooLarge, "A text of more than 64 KiB.", "It is no token of ours. See what the request carries."),
    (
        TokenMalformed,
        "Something else than a JWT: nothing at all, an opaque token, a token with `Bearer ` before it, one in quotation marks, one of five parts (encrypted).",
        "Take what follows `Bearer ` in `Authorization`. An opaque token is for [`check`](operations.md#check), not for a verifier.",
    ),
    (
        TokenEncoding,
        "A character that base64url does not have: a line break, `=`, `+`, `/`, or a token that was cut.",
        "Pass it on as it came. A copy from a mail or a terminal has line breaks.",
    ),
    (
        HeaderMalformed,
        "The first part is base64url, and no object of JSON.",
        "It is no JWT, or was put together by hand.",
    ),
    (
        HeaderCritical,
        "The header has `crit`: whoever does not understand what it names must refuse the token (RFC 7515 section 4.1.11).",
        "Ask the issuer for tokens without it.",
    ),
    (
        HeaderUnsupported,
        "The header asks for unencoded payloads (`b64`), compression (`zip`) or the like.",
        "Ask the issuer for plain signed tokens.",
    ),
    (
        AlgorithmNotAllowed,
        "`alg` is `none`, or none of your keys' algorithms. An algorithm belongs to a key; it is never taken from a token.",
        "If the issuer changed its algorithm, give the verifier its new key. Else the token is forged, or meant for somebody else.",
    ),
    (
        KeyNotFound,
        "The token was signed by a key that the verifier does not know: a rotation, another environment's issuer, a key set that is old.",
        "Fetch the issuer's JWKS anew; `RemoteKeySet` does so by itself. Compare the token's `kid` (`tokenmint explain TOKEN`) with the set's.",
    ),
    (
        KeyMismatch,
        "The key with the token's `kid` is for another algorithm.",
        "Two issuers use the same key id, or somebody tries an RSA key's text as a secret. Give each key its own id.",
    ),
    (
        SignatureInvalid,
        "Another key or secret has signed it, or the token was changed. Often one side has a line break at the end of the secret, or one side decodes base64 and the other does not.",
        "Compare the two secrets byte for byte (`printf %s \"$SECRET\" | sha256sum`). `tokenmint explain` says what else is wrong with the token.",
    ),
    (
        PayloadMalformed,
        "A good signature over something that is no object of JSON, or has a name twice.",
        "The issuer does not make JWTs by RFC 7519; ask it.",
    ),
    (
        ClaimMissing,
        "The verifier wants a claim that the token does not have. `exp` is wanted unless you say otherwise, which other libraries do not do.",
        "The message names the claim. Mint with it; or say at the verifier that it is not required, which for `exp` means a token that never ends.",
    ),
    (
        ClaimInvalid,
        "A claim is there in a wrong form: `exp` as a text, `sub` as a number, a list with something else than texts in `aud`.",
        "The message names the claim. It is never taken for an absent one; the issuer must write it as RFC 7519 says.",
    ),
    (
        TokenExpired,
        "Its time is over: nobody has refreshed it, or the clocks of issuer and verifier differ.",
        "Refresh, and ask once more; a [token source](token-source.md) does so in time. Where clocks differ by seconds, set the clock, or give the verifier a leeway.",
    ),
    (
        TokenNotYetValid,
        "`nbf` is in the future: the verifier's clock is behind the issuer's.",
        "Set the clock, or give the verifier a leeway of some seconds.",
    ),
    (
        TokenTooOld,
        "The verifier has a `max_age`, and `iat` is longer ago; for a DPoP proof, it was made too long before the request.",
        "Get a new token, or a new proof for each request. Look at the clocks.",
    ),
    (
        IssuerMismatch,
        "`iss` is not what the verifier wants: another environment's token, a `/` at the end, `http` and `https`.",
        "The two texts are equal byte for byte, or the token is refused. The message has both.",
    ),
    (
        AudienceMismatch,
        "`aud` does not have what the verifier wants: the token is for another service.",
        "Ask for a token for this audience, or give the verifier the name that tokens have for it. Do not turn the check off: it keeps another service's tokens out.",
    ),
    (
        SubjectMismatch,
        "The token is good, and about somebody else than the one asked for.",
        "Look how the subject was found out; never take a token for another user's.",
    ),
    (
        TypeMismatch,
        "The header's `typ` is another: an access token by RFC 9068 is `at+jwt`, a log-out token or a status list has its own, and a plain verifier takes `JWT` or none.",
        "Say at the verifier which type it is for (`token_type` and its like). Only a verifier for exactly one kind keeps one kind from being used as another.",
    ),
    (
        TokenRevoked,
        "Somebody has ended it: a log-out, the session, the client, all tokens of the subject; or the store was wiped or restored, and nothing from before is taken.",
        "Let the user log in again. If nobody has ended it, see whether all machines use one store, and whether it lasts.",
    ),
    (
        HandleMalformed,
        "A refresh token, an opaque token or a single-use token that this issuer cannot have made: cut, changed, another issuer's; or nothing at all, such as a cookie that did not come.",
        "Send the right one. No store was asked.",
    ),
    (
        ClaimsShape,
        "The token is good, and its claims do not fit the type that your program reads them into.",
        "The message names the claim. Make the field optional, or its type as the issuer writes it.",
    ),
    (
        TokenSuspended,
        "The client of the token is disabled for now; the status list says so.",
        "It is good again once the client is. Do not throw it away.",
    ),
    (
        StatusListMalformed,
        "The status list at the token's URL cannot be read: another document, too large, of bits that are not known.",
        "Fetch the URL by hand. A proxy that answers with a page of its own is the usual cause.",
    ),
    (
        InvalidDpopProof,
        "The proof in `DPoP` is not for this request: another method or URL (behind a proxy the outer one counts), another access token, a time too far away, used before.",
        "The message says which. Behind a proxy, set `public_url`, or the URL that you give to the verifier.",
    ),
    (
        BindingMismatch,
        "The token is bound to a key (`cnf`), and the request does not prove that one: no proof, another key's, or another certificate.",
        "Send `Authorization: DPoP` with a proof of the key that the token was issued for. Whoever has the token alone is refused: that is what the binding is for.",
    ),
    (
        InvalidRequest,
        "A parameter is missing, there twice, or in a place where it may not be.",
        "The message names it.",
    ),
    (
        InvalidClient,
        "The client is not known, its secret is wrong or replaced, it is disabled, or it proves itself in another way than it is registered for. Which of them is not told.",
        "Look at the client with `tokenmint admin list_clients`, then rotate its secret. Percent-encode id and secret in `Authorization: Basic` (RFC 6749 section 2.3.1).",
    ),
    (
        InvalidGrant,
        "The session is over; or the refresh token was used before, longer ago than the grace: then two have it, and the session ends for both.",
        "Sign in again. If it happens without cause, several processes refresh the same token: share it by a [token source](token-source.md).",
    ),
    (
        Unauthenticated,
        "No credential, or one that is not good: no `Authorization`, a wrong API key.",
        "Send `Authorization: Bearer ...`. API keys are shown once; a lost one is rotated.",
    ),
    (
        Forbidden,
        "The credential is good, and not for this: an operation, a permission, a token of somebody else.",
        "Ask whoever gives permissions; another credential for another duty is better than one for all.",
    ),
    (
        NotFound,
        "The client, session, key or token does not exist here, or not any more; or the server asks another store.",
        "List what there is (`list_clients`, `list_sessions`, `list_api_keys`).",
    ),
    (
        AlreadyExists,
        "Something with this id is there, or a bound is reached, such as four replaced secrets that are still good.",
        "The message says which. After a lost answer it may be what you have made yourself.",
    ),
    (
        RateLimited,
        "More requests or failures than the policy admits for this client.",
        "Wait as long as `Retry-After` says. Keep a token as long as it lives, in the place of one for each request.",
    ),
    (
        LinkUsed,
        "The link or code was redeemed: by the user, or by something that follows links in mails.",
        "Redeem on a button, never on a `GET`; `peek_single_use` shows it without using it. Give an idempotency key as `redeemer`, and a repeated request gets the same answer.",
    ),
    (
        LinkExpired,
        "Its time is over; or a newer one of its slot, or a log-out of the user, has ended it.",
        "Offer to send a new one.",
    ),
    (
        LinkUnknown,
        "No such link: cut by a mail program, for another purpose, of another issuer or store; or forgotten long after its end.",
        "Offer to send a new one. A token is for exactly the purpose that it was issued with.",
    ),
    (
        AttemptsExhausted,
        "Five wrong codes. Whoever knows the slot can do that.",
        "Send a new code on request, and limit who may try.",
    ),
    (
        InvalidScope,
        "A word of the scope is not among those that the client or session has, or is not spelled as RFC 6749 section 3.3 says.",
        "Ask for less; or give the client more with `change_client`.",
    ),
    (
        InvalidTarget,
        "An audience or resource that the client or token is not for.",
        "Ask for one that it has; or give it to the client.",
    ),
    (
        UnauthorizedClient,
        "The client lacks the permission for this grant.",
        "Give it with `change_client`, `permissions`.",
    ),
    (
        UnsupportedGrantType,
        "`grant_type` is none of those that this endpoint has, often a spelling. There is no password grant.",
        "The metadata at `/.well-known/oauth-authorization-server` lists them: [OAuth](oauth.md).",
    ),
    (
        UseDpopNonce,
        "The server wants a nonce of its own in DPoP proofs (RFC 9449 section 8). It is no failure: the first request gets it.",
        "Take `DPoP-Nonce` from the answer, and ask once more; `dpopFetch` does so.",
    ),
    (
        SignInRequired,
        "The token source's session is over: the server said `invalid_grant` for the refresh token that is kept.",
        "Sign in, and `keep` what that gives.",
    ),
    (
        TokenEndpointUnavailable,
        "The token endpoint does not answer, or says to wait.",
        "Ask again later; the refresh token is kept. See whether the endpoint's URL can be reached from here.",
    ),
    (
        TokenEndpointRefused,
        "The token endpoint refuses for a reason that asking again does not mend: `invalid_client`, `invalid_scope`, another `token_type`.",
        "Correct the source's settings; the refresh token is kept.",
    ),
    (
        StoreUnavailable,
        "The database is down, full, out of connections, or not reachable. Nothing was changed.",
        "Ask again. `tokenmint doctor --store env:DATABASE_URL` says what is wrong.",
    ),
    (
        StoreUnknown,
        "The connection broke between a write and its answer.",
        "Ask again with the same input: every flow takes a repetition for what it is.",
    ),
    (
        StoreCorrupt,
        "A record that this version cannot read: something else writes under these keys, a newer version did, or a sealing key is another.",
        "Give tokenmint a table or prefix of its own; bring all machines to one version.",
    ),
    (StoreTooLarge, "A record of more than the store takes.", "Make claims or details smaller."),
    (
        StoreBusy,
        "Many changes of one session, client or link at the same moment.",
        "Ask again after a second. If it stays, somebody hammers one record: limit that caller.",
    ),
    (
        StoreRegressed,
        "The store shows less than what was acknowledged: a backup was restored, a replica answered in the place of the primary, memory was evicted.",
        "After a restore run `tokenmint restored`. Ask the primary only, and give Redis `maxmemory-policy noeviction`: [stores](storage.md).",
    ),
    (
        KeysUnavailable,
        "The JWKS of an issuer cannot be fetched, and none is held that is fresh enough. It says nothing about the token.",
        "Answer 503 and let the caller repeat. See whether the URL can be reached from here.",
    ),
    (
        StatusUnavailable,
        "The token's status list cannot be fetched, and none is held that still counts.",
        "Answer 503 with `Retry-After`; or say with `accept_unreachable_for` for how long tokens are taken without it.",
    ),
    (
        RouteNotFound,
        "A path that no dialect of this configuration has: a wrong base URL, or one path too many in it.",
        "`/openapi.json` of the server lists what there is.",
    ),
    (
        MethodNotAllowed,
        "Mostly a `GET` at a token endpoint.",
        "`Allow` in the answer says which methods there are.",
    ),
    (BodyTooLarge, "More than 64 KiB.", "Send less. Files do not belong here."),
    (
        MediaTypeUnsupported,
        "JSON where a form is wanted, or the other way round, or no `Content-Type` at all.",
        "OAuth's endpoint takes `application/x-www-form-urlencoded`, the admin API `application/json`.",
    ),
    (
        BodyMalformed,
        "The body is no JSON, or no object: a comma too many, a shell that took the quotation marks.",
        "With curl, `--json @file` sends what you see.",
    ),
    (
        FieldRequired,
        "A field is missing, or spelled in another way.",
        "The message names it. [Operations](operations.md) lists what each takes.",
    ),
    (
        FieldInvalid,
        "A field has a value that it cannot have.",
        "The message names the field and what it needs.",
    ),
    (
        BodyIncomplete,
        "The connection ended before the body did. Nothing was done.",
        "Ask again. A wrong `Content-Length`, or a proxy that gave up, does that.",
    ),
    (BodyTimeout, "The body took more than 10 seconds. Nothing was done.", "Ask again."),
    (
        LengthRequired,
        "A body of unknown length where the server wants `Content-Length`. Nothing was done.",
        "Send the body whole, not as a stream.",
    ),
    (
        Internal,
        "A fault of tokenmint's own.",
        "Please report it with the message, which holds no secret. Nothing that you send should be able to do this.",
    ),
    (
        ObjectDisposed,
        "A key set, issuer or endpoint is used after `dispose`, `Close` or the end of its `with` or `using`.",
        "Keep it as long as the process; it is made once.",
    ),
    (
        TaskNotRun,
        "A flow gives a task, and the task was awaited without a store.",
        "`await issuer.refresh(...).run(store)`.",
    ),
    (
        ModuleBlocked,
        "The page's Content Security Policy does not let WebAssembly run.",
        "Add `'wasm-unsafe-eval'` to `script-src`.",
    ),
    (
        ModuleUnsupported,
        "A platform without WebAssembly, or without its SIMD, such as a browser before 2023.",
        "Import `tokenmint/base` there.",
    ),
];
