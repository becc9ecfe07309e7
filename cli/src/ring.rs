//! `tokenmint keys`: a key ring in a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokenmint::{Algorithm, Entropy, KeyRing, KeyState, RotationAction, RotationRules, RotationStep, Secret};

use crate::args::keys::{Generate, Jwks, Keys, Plan, Revoke, Show};
use crate::failure::{Failure, Result, print};
use crate::keys;
use crate::mint::now;

pub(crate) fn run(command: &Keys) -> Result<()> {
    match command {
        Keys::Generate(args) => generate(args),
        Keys::List(args) => list(args),
        Keys::Jwks(args) => jwks(args),
        Keys::Plan(args) => plan(args),
        Keys::Rotate(args) => rotate(args),
        Keys::Revoke(args) => revoke(args),
    }
}

impl Keys {
    /// Whether failures are told in JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Keys::Generate(args) => args.json,
            Keys::List(args) => args.json,
            Keys::Jwks(_) => false,
            Keys::Plan(args) | Keys::Rotate(args) => args.json,
            Keys::Revoke(args) => args.json,
        }
    }
}

fn generate(args: &Generate) -> Result<()> {
    let _lock = lock(&args.ring)?;
    let rules = [args.jwks_max_age, args.margin, args.token_lifetime, args.active_for];
    let mut ring = match args.ring.try_exists() {
        Ok(true) if rules.iter().any(Option::is_some) => {
            return Err(Failure::usage("the ring is there already: its times stand in the file"));
        }
        Ok(true) => read(&args.ring)?,
        Ok(false) => KeyRing::new(new_rules(args))?,
        Err(error) => return Err(Failure::runtime(args.ring.display(), error)),
    };
    let (kid, alg) = add(&mut ring, args.alg, args.kid.as_deref())?;
    write(&args.ring, &ring)?;
    let state = ring.keys().find(|key| key.kid == kid).map_or("", |key| key.state.name());
    if args.json {
        return print(json!({ "kid": kid, "alg": alg.name(), "state": state }));
    }
    print(format_args!("{kid} {alg} {state}"))
}

/// A new ring with a key that signs at once, as JSON.
pub(crate) fn first() -> Result<Secret> {
    let mut ring = KeyRing::new(RotationRules::default())?;
    add(&mut ring, None, None)?;
    Ok(ring.to_json()?)
}

fn new_rules(args: &Generate) -> RotationRules {
    let default = RotationRules::default();
    let or = |given: Option<tokenmint::Lifetime>, default: u64| {
        given.map_or(default, tokenmint::Lifetime::seconds)
    };
    RotationRules {
        jwks_max_age_seconds: or(args.jwks_max_age, default.jwks_max_age_seconds),
        margin_seconds: or(args.margin, default.margin_seconds),
        token_lifetime_seconds: or(args.token_lifetime, default.token_lifetime_seconds),
        active_seconds: or(args.active_for, default.active_seconds),
    }
}

/// Adds a new key.
fn add(ring: &mut KeyRing, alg: Option<Algorithm>, kid: Option<&str>) -> Result<(String, Algorithm)> {
    let newest = ring.keys().last().map(|key| key.algorithm);
    let alg = alg.or(newest).unwrap_or(Algorithm::ES256);
    let (text, thumbprint) = keys::generate_text(alg)?;
    let kid = match (kid, thumbprint) {
        (Some(kid), _) => kid.to_owned(),
        (None, Some(thumbprint)) => thumbprint,
        (None, None) => Entropy::new(keys::seed()?).uuid().to_string(),
    };
    ring.announce(&kid, alg, text, now())?;
    Ok((kid, alg))
}

fn list(args: &Show) -> Result<()> {
    let ring = read(&args.ring)?;
    if args.json {
        let keys: Vec<_> = ring
            .keys()
            .map(|key| {
                json!({
                    "kid": key.kid,
                    "alg": key.algorithm.name(),
                    "state": key.state.name(),
                    "since": key.since,
                    "last_expiry": key.last_expiry,
                })
            })
            .collect();
        return print(serde_json::Value::from(keys));
    }
    for key in ring.keys() {
        print(format_args!("{} {} {} {}", key.kid, key.algorithm, key.state.name(), key.since))?;
    }
    Ok(())
}

fn jwks(args: &Jwks) -> Result<()> {
    print(read(&args.ring)?.public_jwks()?)
}

fn plan(args: &Plan) -> Result<()> {
    let step = next(&read(&args.ring)?, args);
    tell(args, &step, None)
}

fn rotate(args: &Plan) -> Result<()> {
    let _lock = lock(&args.ring)?;
    let mut ring = read(&args.ring)?;
    let step = next(&ring, args);
    if step.earliest > now() {
        return tell(args, &step, Some(false));
    }
    match &step.action {
        RotationAction::Announce => drop(add(&mut ring, None, None)?),
        RotationAction::Activate { kid } => ring.activate(kid, now())?,
        RotationAction::Remove { kid } => ring.remove(kid, now())?,
    }
    write(&args.ring, &ring)?;
    let step = match &step.action {
        RotationAction::Announce => {
            let kid = ring.keys().find(|key| key.state == KeyState::Announced).map(|key| key.kid);
            return tell_as(args, "announce", kid.as_deref(), &step, Some(true));
        }
        _ => step,
    };
    tell(args, &step, Some(true))
}

fn revoke(args: &Revoke) -> Result<()> {
    let _lock = lock(&args.ring)?;
    let mut ring = read(&args.ring)?;
    let active = |ring: &KeyRing| ring.keys().find(|key| key.state == KeyState::Active).map(|key| key.kid);
    let signed = active(&ring);
    ring.revoke(&args.kid, now())?;
    let signs = match active(&ring) {
        Some(kid) => kid,
        None => add(&mut ring, None, None)?.0,
    };
    write(&args.ring, &ring)?;
    let (kid, keep) = (&args.kid, ring.rules().jwks_max_age_seconds);
    if args.json {
        return print(json!({
            "revoked": kid,
            "active": signs,
            "changed": signed.as_ref() != Some(&signs),
            "verifiers_keep_seconds": keep,
        }));
    }
    let now_signs = if signed.as_ref() == Some(&signs) { "still signs" } else { "signs from now on" };
    print(format_args!(
        "revoked: {kid}; {signs} {now_signs}; let verifiers fetch the key set again: they may keep the old one for {keep} seconds"
    ))
}

fn next(ring: &KeyRing, args: &Plan) -> RotationStep {
    if args.early { ring.plan_early(now()) } else { ring.plan(now()) }
}

fn tell(args: &Plan, step: &RotationStep, done: Option<bool>) -> Result<()> {
    match &step.action {
        RotationAction::Announce => tell_as(args, "announce", None, step, done),
        RotationAction::Activate { kid } => tell_as(args, "activate", Some(kid), step, done),
        RotationAction::Remove { kid } => tell_as(args, "remove", Some(kid), step, done),
    }
}

fn tell_as(
    args: &Plan,
    action: &str,
    kid: Option<&str>,
    step: &RotationStep,
    done: Option<bool>,
) -> Result<()> {
    let in_seconds = step.earliest.seconds().saturating_sub(now().seconds()).max(0);
    if args.json {
        return print(json!({
            "action": action,
            "kid": kid,
            "earliest": step.earliest,
            "in_seconds": in_seconds,
            "reason": step.reason,
            "done": done.unwrap_or(false),
        }));
    }
    let what = kid.map_or(action.to_owned(), |kid| format!("{action} {kid}"));
    match done {
        Some(true) => print(format_args!("done: {what}")),
        Some(false) => print(format_args!("nothing to do: {what} in {in_seconds} seconds: {}", step.reason)),
        None => print(format_args!("{what} in {in_seconds} seconds: {}", step.reason)),
    }
}

/// The ring in a file.
fn read(path: &Path) -> Result<KeyRing> {
    Ok(KeyRing::from_json(&keys::text(path)?)?)
}

/// Replaces the file whole or not at all. Whoever could read it can go on to, such as a server by its group, and nobody else;
/// a new one is for its owner only.
fn write(path: &Path, ring: &KeyRing) -> Result<()> {
    let json: Secret = ring.to_json()?;
    let temporary = beside(path, ".new");
    let written = (|| {
        // A leftover of a run that was ended; the lock is held.
        if temporary.try_exists()? {
            std::fs::remove_file(&temporary)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        #[cfg(unix)]
        keep_access(path, &file)?;
        file.write_all(json.expose())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        // The new name lasts only when the folder is written, too; not every system can say so.
        #[cfg(unix)]
        File::open(path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")))?
            .sync_all()?;
        Ok(())
    })();
    written.map_err(|error: std::io::Error| Failure::runtime(path.display(), error))
}

/// Gives what is to replace a file its owner, group and mode, but nothing to everybody. It is empty yet.
#[cfg(unix)]
fn keep_access(path: &Path, replacement: &File) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let kept = match std::fs::metadata(path) {
        Ok(kept) => kept,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let own = replacement.metadata()?;
    if (own.uid(), own.gid()) != (kept.uid(), kept.gid()) {
        fchown(replacement, Some(kept.uid()), Some(kept.gid()))?;
    }
    // Private keys that everybody could read are no intention.
    let mode = if kept.mode() & 0o007 == 0 { kept.mode() & 0o770 } else { 0o600 };
    replacement.set_permissions(PermissionsExt::from_mode(mode))
}

/// One process changes a ring at a time.
fn lock(path: &Path) -> Result<File> {
    let path = beside(path, ".lock");
    let locked = OpenOptions::new().create(true).truncate(false).write(true).open(&path).and_then(|file| {
        file.lock()?;
        Ok(file)
    });
    locked.map_err(|error| Failure::runtime(path.display(), error))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
