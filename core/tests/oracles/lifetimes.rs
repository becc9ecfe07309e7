//! npm `ms` and node-jsonwebtoken themselves, on random texts: the peers of `expires_in`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // the judge is another program

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokenmint::{Entropy, ErrorCode, UnixTime, expires_in};

const CASES: usize = 10_000;
/// Another seed gives other texts: `TOKENMINT_SEED=7`.
const SEED: u64 = 2023;
const IAT: i64 = 1_700_000_000;

/// Random choices, the same for the same seed.
struct Choices(Entropy);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        let bytes = self.0.bytes::<8>();
        usize::try_from(u64::from_be_bytes(bytes) % limit as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn digits(&mut self, most: usize) -> String {
        (0..=self.below(most)).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap())).collect()
    }

    /// Mostly what the grammar of `ms` allows or nearly allows; sometimes anything.
    fn text(&mut self) -> String {
        const UNITS: &[&str] = &[
            "",
            "ms",
            "msec",
            "msecs",
            "millisecond",
            "milliseconds",
            "s",
            "sec",
            "secs",
            "second",
            "seconds",
            "m",
            "min",
            "mins",
            "minute",
            "minutes",
            "h",
            "hr",
            "hrs",
            "hour",
            "hours",
            "d",
            "day",
            "days",
            "w",
            "week",
            "weeks",
            "y",
            "yr",
            "yrs",
            "year",
            "years",
            "mo",
            "month",
            "M",
            "H",
            "MS",
            "Days",
            "x",
            "ſ",
            "µs",
            "hh",
            "h ",
            "e3s",
            "h30m",
        ];
        const ODD: &[&str] = &[
            "-", "+", ".", " ", "\t", "\n", "\u{a0}", "e", "E", "_", ",", "١", "😀", "\0", "h", "Infinity",
            "0x10", "NaN",
        ];
        let mut text = String::new();
        text += self.one(&["", "", "", "", "-", "-", "+", " ", "--"]);
        match self.below(10) {
            0 => text = text + "." + &self.digits(6),
            1 => text += &(self.digits(6) + "."),
            2 | 3 => text += &(self.digits(18) + "." + &self.digits(18)),
            4 => text += &self.digits(22),
            _ => text += &self.digits(5),
        }
        text += self.one(&["", "", "", " ", "  ", "\t"]);
        text += self.one(UNITS);
        for _ in 0..self.below(8).saturating_sub(5) {
            let mut at = self.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, self.one(ODD));
        }
        if self.below(200) == 0 {
            text = self.digits(90) + &text + &"0".repeat(self.below(60));
        }
        if self.below(500) == 0 {
            text = String::new();
        }
        text
    }
}

#[test]
#[ignore = "needs npm's jsonwebtoken: run by `cargo xtask test`"]
fn lifetimes_agree_with_npm() {
    let seed: u64 = std::env::var("TOKENMINT_SEED").map_or(SEED, |text| text.parse().unwrap());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let mut choices = Choices(Entropy::new(bytes));
    let texts: Vec<String> = (0..CASES).map(|_| choices.text()).collect();

    let folder = std::env::var("TOKENMINT_ORACLES").unwrap();
    let mut command = Command::new("node");
    command.arg(format!("{folder}/lifetimes.mjs")).arg(&folder);
    let answers = answers(command, &texts);
    assert_eq!(answers.len(), CASES);

    let (mut accepted, mut spans) = (0, 0);
    for (text, answer) in texts.iter().zip(&answers) {
        let ours = expires_in::node_jsonwebtoken(text, UnixTime::from_seconds(IAT));
        let exp = answer["exp"].as_f64();
        match (&ours, exp) {
            // JavaScript's number is a double: so is ours, whatever its digits.
            (Ok(ours), Some(exp)) => {
                assert!(
                    ours.seconds() as f64 == exp,
                    "seed {seed}: {text:?}: {} and {exp} by npm",
                    ours.seconds()
                );
                accepted += 1;
            }
            (Err(error), Some(exp)) => {
                // The one refusal of what npm gives: no 64 bits hold it.
                let outside = error.code() == ErrorCode::LifetimeOverflow && exp.abs() >= 9.2e18;
                assert!(outside, "seed {seed}: {text:?}: {error}, and {exp} by npm");
            }
            (Ok(ours), None) => {
                panic!("seed {seed}: {text:?}: {} and refused by npm: {answer}", ours.seconds());
            }
            (Err(_), None) => assert_eq!(answer["error"], true, "seed {seed}: {text:?}"),
        }
        // With a unit, `parse` means the same span as `ms`; only its fractions are decimal, so a second may differ.
        let Ok(lifetime) = expires_in::parse(text) else { continue };
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let exp = exp.unwrap_or_else(|| panic!("seed {seed}: {text:?}: {lifetime} here, refused by npm"));
        let difference = exp - (IAT as f64 + lifetime.seconds() as f64);
        assert!(
            difference.abs() <= 1.0,
            "seed {seed}: {text:?}: {lifetime} here, {difference} s more by npm"
        );
        spans += 1;
    }
    println!("seed {seed}: {CASES} texts, {accepted} accepted with the same exp; {spans} spans alike");
    assert!(accepted > CASES / 4 && spans > CASES / 10, "too few good texts prove nothing");
}

fn answers(mut command: Command, texts: &[String]) -> Vec<Value> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String =
        texts.iter().map(|text| format!("{}\n", json!({ "input": text, "iat": IAT }))).collect();
    // The judge answers while it reads.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
