//! `tokenmint doctor`: what an operator should know about a store before trusting it.

use serde_json::json;
use tokenmint_store::{Database, Severity};

use super::{argument, block_on};
use crate::args::store::Doctor;
use crate::failure::{Failure, Result, print};
use crate::mint;

pub(crate) fn run(args: &Doctor) -> Result<()> {
    let url = argument(&args.store)?;
    let (durability, findings) = block_on(async {
        let store = Database::open(url).await?;
        let findings = store.doctor(mint::now_micros() / 1000).await?;
        Ok((store.durability(), findings))
    })?;
    let faults = findings.iter().filter(|finding| finding.severity == Severity::Fault).count();
    if args.json {
        let findings: Vec<_> = findings
            .iter()
            .map(|finding| {
                json!({
                    "check": finding.check,
                    "severity": name(finding.severity),
                    "found": finding.found,
                    "remedy": finding.remedy,
                })
            })
            .collect();
        print(json!({ "durability": durability.to_string(), "findings": findings }))?;
    } else {
        print(format_args!("acknowledged writes last: {durability}"))?;
        for finding in &findings {
            print(format_args!("{:<8} {:<12} {}", name(finding.severity), finding.check, finding.found))?;
            if !finding.remedy.is_empty() {
                print(format_args!("{:<21} -> {}", "", finding.remedy))?;
            }
        }
    }
    match faults {
        0 => Ok(()),
        faults => Err(Failure::config(format!("{faults} of {} checks found a fault", findings.len()))),
    }
}

fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Fine => "fine",
        Severity::Warning => "warning",
        Severity::Fault => "FAULT",
    }
}
