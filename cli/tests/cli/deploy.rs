//! docs/deploy.md, block by block, as a reader goes through it.

use crate::init::{exports, own_address};
use crate::support::{Server, shell};

const PAGE: &str = include_str!("../../../docs/deploy.md");

/// The blocks for a shell, with what stands behind `sh`.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut blocks = Vec::new();
    let mut rest = PAGE;
    while let Some((_, block)) = rest.split_once("\n```sh") {
        let (mark, block) = block.split_once('\n').unwrap();
        let (lines, after) = block.split_once("```\n").unwrap();
        blocks.push((mark.trim(), lines));
        rest = after;
    }
    blocks
}

#[test]
fn the_page_from_nothing_to_a_server_is_true() {
    let folder = tempfile::tempdir().unwrap();
    let (host, port) = own_address();
    let (admin, endpoints) = (format!("{host}:{}", port + 1), format!("{host}:{port}"));
    let here = |text: &str| {
        let text = text.replace("127.0.0.1:8081", &admin).replace("127.0.0.1:8080", &endpoints);
        text.replace("--host 127.0.0.1 --port 8080", &format!("--host {host} --port {port}"))
    };
    let blocks = blocks();
    assert!(blocks.len() >= 10, "{blocks:?}");

    let made = shell(&here(blocks[0].1), folder.path());
    assert!(made.code == 0 && made.out.contains("TOKENMINT_ADMIN_KEY="), "{made:?}");
    let serve = blocks[1].1.trim_end().strip_prefix("tokenmint ").unwrap();
    let config = folder.path().join("my-tokens/tokenmint.toml");
    let serve: Vec<&str> = serve.split(' ').collect();
    assert_eq!(serve, ["serve", "--config", "my-tokens/tokenmint.toml"]);
    let server = Server::start(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(server.admin(), admin);

    // One shell, as a reader has one; each block says what it printed into a file of its own.
    let mut lines = exports(&made) + "\n";
    for (number, (mark, block)) in blocks.iter().enumerate().skip(2) {
        let block = here(block);
        lines += &match *mark {
            "" => format!("{{\n{block}}} > {number}.txt\n"),
            "refused" => format!("if {{\n{block}}} 2> {number}.txt; then echo not refused; exit 9; fi\n"),
            other => panic!("`sh {other}` is not known here"),
        };
    }
    let done = shell(&lines, folder.path());
    assert_eq!(done.code, 0, "{done:?}");
    let printed = |what: &str| {
        let number = blocks.iter().position(|(_, block)| block.contains(what)).unwrap();
        std::fs::read_to_string(folder.path().join(format!("{number}.txt"))).unwrap()
    };
    assert!(printed("list_clients").contains("my-app"));
    assert!(printed("start_session").contains("phone"));
    assert!(printed("tokenmint verify").contains("\"sub\":\"user_1\""));
    assert!(printed("grant_type=refresh_token").contains("\"access_token\":\""));
    let refused = blocks.iter().position(|(mark, _)| *mark == "refused").unwrap();
    let refused = std::fs::read_to_string(folder.path().join(format!("{refused}.txt"))).unwrap();
    assert!(refused.starts_with("tokenmint: token_revoked: "), "{refused}");
    let metrics = printed("/metrics");
    let counted = |line: &&str| line.contains("/oauth/token") && line.contains("200");
    assert!(metrics.lines().any(|line| counted(&line)), "{metrics}");
}
