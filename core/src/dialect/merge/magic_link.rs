//! `/magic-link/{token}`: the page behind a magic link. A look never consumes, since mail scanners fetch links; only
//! the button does, and it works without JavaScript.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, StatusCode};

use super::super::rejection::method_not_allowed;
use super::super::request::Request;
use super::super::response::{Response, set, status, with_error_headers};
use super::link::{LinkDetails, RedeemRequest};
use crate::encoding::{base64, base64url, sha256};
use crate::error::{Error, ErrorCode};
use crate::flow::Flow;
use crate::json;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}\
button,select{font:inherit;padding:.5rem 1rem}code{overflow-wrap:anywhere}";

/// Answers with a page whatever happens: a person reads it.
pub(super) async fn handle(flow: &mut Flow, token: &str, request: &Request) -> Response {
    let mut response = match request.method {
        Method::GET | Method::HEAD => show(flow, token, None).await,
        Method::POST => redeem(flow, token, request).await,
        _ => failure(&method_not_allowed("GET, HEAD, POST").into_error()),
    };
    if request.method == Method::HEAD {
        response.body_mut().clear();
    }
    response
}

/// The page with the button; again after an answer that named no good integration.
async fn show(flow: &mut Flow, token: &str, wrong: Option<&Error>) -> Response {
    let link = match flow.peek_link(token).await {
        Ok(link) => link.details,
        Err(error) => return failure(&error),
    };
    let language = link.settings.get("language").and_then(|text| json::string(text.as_str()));
    let texts = Texts::of(language.as_deref());
    let choice = choice(flow, &link, texts);
    // Whoever presses the button twice, or again because the answer was lost, gets the same answer.
    let key = base64url(&flow.entropy().bytes::<16>());
    let notice = wrong.map_or_else(String::new, |error| format!("<p>{}</p>", escape(error.message())));
    let intro = texts.intro.replace("{}", &escape(&link.end_user_organization));
    let form = match choice {
        Some(choice) => format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"key\" value=\"{key}\">\
             <input type=\"hidden\" name=\"language\" value=\"{}\">{choice}<p><button>{}</button></p></form>",
            texts.language, texts.button
        ),
        None => format!("<p>{}</p>", texts.nothing),
    };
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page(status, texts, texts.title, &format!("<p>{intro}</p>{notice}{form}"))
}

async fn redeem(flow: &mut Flow, token: &str, request: &Request) -> Response {
    let form = match request.form() {
        Ok(form) => form,
        Err(error) => return failure(&error),
    };
    let field = |name: &str| form.values(name).next().filter(|value| !value.is_empty()).map(str::to_owned);
    let redemption = RedeemRequest {
        link_token: token.to_owned(),
        integration: field("integration"),
        redeemer: field("key"),
    };
    match flow.redeem_link(&redemption).await {
        Ok(public) => {
            let texts = Texts::of(field("language").as_deref());
            let token = escape(&public.public_token);
            page(
                StatusCode::OK,
                texts,
                texts.done,
                &format!("<p>{}</p><p><code>{token}</code></p>", texts.done_text),
            )
        }
        Err(error) if matches!(error.code(), ErrorCode::FieldInvalid | ErrorCode::FieldRequired) => {
            show(flow, token, Some(&error)).await
        }
        Err(error) => failure(&error),
    }
}

/// The one integration, or a choice of those in the link's categories; none where nothing can be linked.
fn choice(flow: &Flow, link: &LinkDetails, texts: &Texts) -> Option<String> {
    let catalogue = &flow.issuer.policy().integrations;
    if let Some(slug) = &link.integration {
        let integration = flow.issuer.integration(slug)?;
        return Some(format!("<p>{}</p>", escape(&integration.name)));
    }
    let fitting = catalogue
        .iter()
        .filter(|integration| integration.categories.iter().any(|name| link.categories.contains(name)));
    let options: String = fitting
        .map(|integration| {
            let (slug, name) = (escape(&integration.slug), escape(&integration.name));
            format!("<option value=\"{slug}\">{name}</option>")
        })
        .collect();
    (!options.is_empty()).then(|| {
        format!(
            "<p><label>{} <select name=\"integration\" required><option value=\"\"></option>{options}</select>\
             </label></p>",
            texts.choose
        )
    })
}

/// The page of an error: 404 for an unknown link, 410 for one that is no more.
fn failure(error: &Error) -> Response {
    let (code, title, text) = match error.code() {
        ErrorCode::LinkUnknown => {
            (StatusCode::NOT_FOUND, "This link is not known", "Please check that it was copied whole.")
        }
        ErrorCode::LinkUsed => {
            (StatusCode::GONE, "This link was used already", "If you need another one, please ask for it.")
        }
        ErrorCode::LinkExpired => (StatusCode::GONE, "This link has expired", "Please ask for a new one."),
        _ => (status(error), "This did not work", error.message()),
    };
    let response = page(code, &ENGLISH, title, &format!("<p>{}</p>", escape(text)));
    with_error_headers(response, error)
}

/// A whole page. Nothing runs on it, it can be framed by nobody, and its URL, which is a secret, is told to nobody.
fn page(status: StatusCode, texts: &Texts, title: &str, body: &str) -> Response {
    let title = escape(title);
    let language = texts.language;
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
         </head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    );
    let mut response = Response::new(html.into_bytes());
    *response.status_mut() = status;
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        base64(&sha256(STYLE.as_bytes()))
    );
    set(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut response, CONTENT_SECURITY_POLICY, &policy);
    set(&mut response, REFERRER_POLICY, "no-referrer");
    set(&mut response, CACHE_CONTROL, "no-store");
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, HeaderName::from_static("x-robots-tag"), "noindex");
    response
}

/// The texts of the pages, in one of the languages that a link can ask for.
struct Texts {
    language: &'static str,
    title: &'static str,
    intro: &'static str,
    choose: &'static str,
    button: &'static str,
    nothing: &'static str,
    done: &'static str,
    done_text: &'static str,
}

const ENGLISH: Texts = Texts {
    language: "en",
    title: "Link an account",
    intro: "This links an account for {}.",
    choose: "Choose what to link:",
    button: "Link",
    nothing: "There is nothing that this link could be used for.",
    done: "Done",
    done_text: "The link was used. This is the public token that it gave:",
};

const GERMAN: Texts = Texts {
    language: "de",
    title: "Konto verknüpfen",
    intro: "Hiermit wird ein Konto für {} verknüpft.",
    choose: "Was soll verknüpft werden?",
    button: "Verknüpfen",
    nothing: "Dieser Link kann für nichts verwendet werden.",
    done: "Fertig",
    done_text: "Der Link wurde verwendet. Das öffentliche Token dazu:",
};

impl Texts {
    fn of(language: Option<&str>) -> &'static Texts {
        match language {
            Some("de") => &GERMAN,
            _ => &ENGLISH,
        }
    }
}

/// Text for HTML, between tags and in quoted attributes.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}
