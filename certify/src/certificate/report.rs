//! What a certificate says, as TAP and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use tokenmint::Durability;

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum TestResult {
    /// The store does what it must.
    Passed,
    /// It does not.
    Failed {
        /// What was seen instead.
        seen: String,
    },
    /// It was not looked at.
    Skipped {
        /// What the test needs and did not have.
        reason: String,
    },
}

/// One test, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// Its number: never changed, never used again.
    pub number: u8,
    /// The part of the suite that it belongs to.
    pub section: &'static str,
    /// What must hold.
    pub name: &'static str,
    /// Whether it does.
    #[serde(flatten)]
    pub result: TestResult,
    /// How long it took.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub took: Duration,
}

/// The tests of the suite, in order, and what became of each on one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The store, as its rig names it.
    pub store: String,
    /// How long the store declares that acknowledged writes last.
    pub durability: Option<Durability>,
    /// What repeats the random workloads.
    pub seed: u64,
    /// All tests, also those that were skipped.
    pub tests: Vec<TestReport>,
}

impl Certificate {
    /// Whether no test failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The tests that failed.
    pub fn failures(&self) -> impl Iterator<Item = &TestReport> {
        self.tests.iter().filter(|test| matches!(test.result, TestResult::Failed { .. }))
    }

    /// How many tests passed, failed, and were skipped.
    pub fn counts(&self) -> (usize, usize, usize) {
        let passed = self.tests.iter().filter(|test| test.result == TestResult::Passed).count();
        let failed = self.failures().count();
        (passed, failed, self.tests.len() - passed - failed)
    }

    /// The certificate in the Test Anything Protocol, version 14.
    pub fn to_tap(&self) -> String {
        let mut text = tap_head(self.tests.len());
        self.tests.iter().for_each(|test| text.push_str(&test.to_tap(self.seed)));
        let (passed, failed, skipped) = self.counts();
        let _ =
            writeln!(text, "# {}: {passed} passed, {failed} failed, {skipped} skipped", line(&self.store));
        let _ = writeln!(text, "# seed {}", self.seed);
        text
    }

    /// The certificate as one JSON object.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Text<'a> {
            store: &'a str,
            durability: Option<String>,
            seed: u64,
            passed: usize,
            failed: usize,
            skipped: usize,
            tests: &'a [TestReport],
        }
        let (passed, failed, skipped) = self.counts();
        let durability = self.durability.map(|durability| durability.to_string());
        let (store, seed, tests) = (self.store.as_str(), self.seed, self.tests.as_slice());
        // Texts and numbers: they can always be written.
        serde_json::to_string(&Text { store, durability, seed, passed, failed, skipped, tests })
            .unwrap_or_default()
    }
}

impl TestReport {
    /// The lines of this test in the Test Anything Protocol, for a host that prints each as it ends.
    pub fn to_tap(&self, seed: u64) -> String {
        let TestReport { number, name, .. } = self;
        match &self.result {
            TestResult::Passed => format!("ok {number} - {name}\n"),
            TestResult::Skipped { reason } => format!("ok {number} - {name} # SKIP {}\n", line(reason)),
            // YAML 1.2 takes the strings of JSON as they are.
            TestResult::Failed { seen } => format!(
                "not ok {number} - {name}\n  ---\n  seen: {}\n  seed: {seed}\n  ...\n",
                serde_json::to_string(seen).unwrap_or_default()
            ),
        }
    }
}

/// What stands before the tests: the version of the protocol, and the plan.
pub fn tap_head(tests: usize) -> String {
    format!("TAP version 14\n1..{tests}\n")
}

/// A text that stays on its line.
fn line(text: &str) -> String {
    text.replace(['\n', '\r', '#'], " ")
}

fn milliseconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_has_its_lines() {
        let report = |number, result| TestReport {
            number,
            section: "basics",
            name: "a name",
            result,
            took: Duration::from_millis(3),
        };
        let certificate = Certificate {
            store: "mine".into(),
            durability: Some(Durability::Disk),
            seed: 42,
            tests: vec![
                report(1, TestResult::Passed),
                report(2, TestResult::Failed { seen: "two\nlines, \"quoted\"".into() }),
                report(3, TestResult::Skipped { reason: "it needs\na # server".into() }),
            ],
        };
        assert!(!certificate.passed());
        assert_eq!(
            certificate.to_tap(),
            "TAP version 14\n1..3\nok 1 - a name\nnot ok 2 - a name\n  ---\n  seen: \"two\\nlines, \\\"quoted\\\"\"\n  \
             seed: 42\n  ...\nok 3 - a name # SKIP it needs a   server\n# mine: 1 passed, 1 failed, 1 skipped\n# seed 42\n"
        );
        let json: serde_json::Value = serde_json::from_str(&certificate.to_json()).unwrap();
        assert_eq!(json["durability"], "disk");
        assert_eq!((&json["failed"], &json["seed"]), (&1.into(), &42.into()));
        assert_eq!(json["tests"][1]["result"], "failed");
        assert_eq!(json["tests"][1]["seen"], "two\nlines, \"quoted\"");
    }
}
