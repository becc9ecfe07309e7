//! The tests in their order, and the one that runs them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokenmint::AsyncStore;

use super::random::{Random, fresh};
use super::report::{Certificate, TestReport, TestResult};
use super::rig::Rig;
use super::trial::{Stop, Trial, Verdict, failed};
use super::{atomicity, basics, bindings, crash, faults, flows, indexing, listing, throttle, time, volume};

/// Declares the tests: number, function, and what must hold.
macro_rules! suite {
    ($($number:literal $section:ident::$function:ident $name:literal)*) => {
        /// Number, section and name of every test.
        const TESTS: &[(u8, &str, &str)] = &[$(($number, stringify!($section), $name)),*];

        // Boxed: together they would make one very large future.
        async fn run<R: Rig>(number: u8, trial: &mut Trial<'_, R>) -> Verdict {
            match number {
                $($number => Box::pin($section::$function(trial)).await,)*
                _ => Err(failed("there is no such test")),
            }
        }
    };
}

suite! {
    1 basics::load_of_absent "an absent entry is absent"
    2 basics::values_are_exact "values are exact, from empty to 64 KiB, and no larger"
    3 basics::keys_are_bytes "keys are bytes: 1 to 128, any, never folded"
    4 basics::loads_keep_order "a load of several keeps their order"
    5 basics::insert_on_present "an insert over an entry is a conflict that shows it"
    6 basics::replace_of_absent "a replace of nothing is a conflict that shows nothing"
    7 basics::wrong_version "a wrong version is a conflict that shows the entry"
    8 basics::no_aba "a version from before a delete is refused"
    9 basics::versions_of_all_lengths "versions have 8 to 16 bytes, zeros too"
    10 listing::lists_by_index "a list has what is indexed, page by page"
    11 atomicity::one_insert_wins "of 2, 8 and 64 inserts one wins"
    12 atomicity::one_replace_wins "of 2, 8 and 64 replaces one wins"
    13 atomicity::no_lost_update "no update is lost"
    14 atomicity::short_races_are_linearizable "races of inserts, deletes and replaces are linearizable"
    15 atomicity::long_workloads_are_linearizable "random workloads are linearizable"
    16 atomicity::two_processes "two processes lose no update"
    17 atomicity::no_partial_value "no partial value is seen"
    18 atomicity::own_writes_are_read "a write is read on every connection"
    19 atomicity::real_time_order "a load sees what was acknowledged before it began"
    20 time::kept_before_slack "an entry is kept until an hour after its expiry"
    21 time::expired_is_replaced "an expired entry is replaced by its version"
    22 time::past_expiry_is_legal "an expiry in the past can be written"
    23 time::host_clock_changes_nothing "a host's clock that is a day off changes nothing"
    24 time::extreme_expiries "expiries go from 0 to the year 9999"
    25 time::sweep_takes_only_older "a sweep takes what is older, and at most its limit"
    26 time::sweep_races_with_rotation "a sweep never takes what was just rotated"
    27 throttle::burst_is_exact "a burst is exact under parallel callers"
    28 throttle::steady_rate "a steady rate is exact"
    29 throttle::denial_writes_nothing "a denial writes nothing"
    30 throttle::over_the_burst_is_denied "a cost over the burst is denied, at first too"
    31 throttle::backwards_admits_no_more "a clock that goes back admits no more"
    32 throttle::keys_are_independent "limits are independent, of entries too"
    33 throttle::state_stays_while_it_matters "a limit is kept as long as it matters"
    34 throttle::large_numbers_are_exact "times are exact up to 2^53 microseconds"
    35 crash::killed_writer_is_exact "a writer that is killed leaves what was acknowledged, or one more"
    36 crash::version_tells_own_write "the version tells what became of the write that was cut off"
    37 crash::killed_server_keeps_its_word "a server that is killed keeps what it declares"
    38 crash::full_is_an_error "a full disk is an error and harms nothing"
    39 crash::cut_connections_are_told_apart "a cut connection is unavailable or unknown, rightly"
    40 crash::cancelled_is_whole "a command that is dropped leaves a whole state"
    41 faults::silence_ends_at_the_deadline "silence ends at the deadline"
    42 faults::failover_is_declared "a failover loses only what is declared"
    43 faults::doctor_finds_it "the doctor finds a wrong set-up"
    44 faults::crowds_do_not_deadlock "more callers than connections do not deadlock"
    45 faults::previous_schema_works "the schema of the release before is migrated, by two at once"
    46 bindings::broken_programs_are_mapped "a callback that fails is mapped"
    47 bindings::many_requests_under_way "many requests under way each get their own answer"
    48 bindings::late_and_double_answers "an answer that comes twice or never is mapped"
    49 bindings::memory_stays_flat "memory stays flat"
    50 flows::refreshes "refreshes at once: no fork, no false log-out, no loss"
    51 flows::redemptions "redemptions at once: one, and none burnt"
    52 flows::crossings "revocation, rotation of keys, expiry and introspection cross safely"
    53 flows::theft_is_detected "a stolen refresh token is detected"
    54 flows::lost_writes_are_reported "a store that went back in time is reported"
    55 flows::without_guard_it_is_noticed "without the store's guard the flows break, and it is noticed"
    56 listing::pages_are_whole "a list is whole and in the order of bytes, whatever its pages"
    57 listing::values_are_exact "a list takes its value byte for byte"
    58 indexing::writes_are_listed_at_once "a list shows every write, on every connection"
    59 listing::expired_is_listed "a list has what has expired as long as it is kept"
    60 indexing::indices_stay "no load, conflict, limit or sweep costs an index"
    61 indexing::whole_while_others_write "a list is whole while others write"
    62 listing::long_lists "a list of 1100 entries is whole"
    63 time::told_clock_runs "a clock that is told runs and is right"
    64 throttle::idle_time_is_not_saved "idle time earns no more than the burst"
    65 throttle::cost_counts_events "a cost counts as so many events, and 0 as none"
    66 throttle::remembered_for_its_time "a limit is remembered for as long as it says"
    67 volume::no_entry_is_evicted "of 21000 entries none is evicted"
    68 volume::no_limit_is_evicted "of 10500 limits none is evicted"
}

/// How many tests there are.
pub const TEST_COUNT: usize = TESTS.len();

/// What to run, and how.
pub struct Options {
    seed: u64,
    only: Vec<String>,
    quick: bool,
    deadline: Duration,
    each: Option<Each>,
}

type Each = Box<dyn Fn(&TestReport) + Send + Sync>;

impl Options {
    /// All tests. The seed is any number; the same one repeats the random workloads.
    pub fn new(seed: u64) -> Self {
        Options { seed, only: Vec::new(), quick: false, deadline: Duration::from_secs(10), each: None }
    }

    /// Only the test of this number, those whose name has this part, or those of this section; said again, these too.
    #[must_use]
    pub fn only(mut self, part: impl Into<String>) -> Self {
        self.only.push(part.into().to_lowercase());
        self
    }

    /// Smaller workloads: seconds in place of minutes.
    #[must_use]
    pub fn quick(mut self) -> Self {
        self.quick = true;
        self
    }

    /// Within which time a command must end on a store that is silent; 10 seconds if nothing is said.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What to do with each report as its test ends: to show that it goes on.
    #[must_use]
    pub fn each(mut self, each: impl Fn(&TestReport) + Send + Sync + 'static) -> Self {
        self.each = Some(Box::new(each));
        self
    }

    fn selects(&self, number: u8, section: &str, name: &str) -> bool {
        let selected = |part: &String| match part.parse::<u8>() {
            Ok(only) => only == number,
            Err(_) if TESTS.iter().any(|(_, section, _)| section == part) => section == part,
            Err(_) => name.to_lowercase().contains(part),
        };
        self.only.is_empty() || self.only.iter().any(selected)
    }

    /// How long a test may take: a store that never answers must not hold up the rest.
    fn limit(&self) -> Duration {
        self.deadline * 4 + Duration::from_secs(if self.quick { 60 } else { 900 })
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { seed, only, quick, deadline, each: _ } = self;
        f.debug_struct("Options")
            .field("seed", seed)
            .field("only", only)
            .field("quick", quick)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

/// Puts a store through the tests. Call it within a tokio runtime with its timer on, best with several threads.
pub async fn certify(rig: &impl Rig, options: &Options) -> Certificate {
    let mut tests = Vec::with_capacity(TESTS.len());
    let mut durability = None;
    for &(number, section, name) in TESTS {
        let begin = Instant::now();
        let result = if options.selects(number, section, name) {
            match test(rig, options, number).await {
                Ok(declared) => {
                    durability = Some(declared.0);
                    declared.1
                }
                Err(stop) => result(Err(stop)),
            }
        } else {
            TestResult::Skipped { reason: "not asked for".to_owned() }
        };
        let report = TestReport { number, section, name, result, took: begin.elapsed() };
        if let Some(each) = &options.each {
            each(&report);
        }
        tests.push(report);
    }
    Certificate { store: rig.name(), durability, seed: options.seed, tests }
}

async fn test(
    rig: &impl Rig,
    options: &Options,
    number: u8,
) -> Result<(tokenmint::Durability, TestResult), Stop> {
    let opened = rig.open().await;
    let store = Arc::new(opened.map_err(|error| failed(format!("the store cannot be opened: {error}")))?);
    let durability = store.durability();
    let mut trial = Trial {
        rig,
        store,
        // Each test has its own, so that one alone repeats what it did among all.
        random: Random::new(options.seed ^ (u64::from(number) << 56)),
        quick: options.quick,
        deadline: options.deadline,
        fresh: fresh(),
    };
    let limit = options.limit();
    let ended = tokio::time::timeout(limit, unwinding(run(number, &mut trial))).await;
    let verdict = ended.unwrap_or_else(|_| Err(failed(format!("the test has not ended after {limit:?}"))));
    if verdict.is_err() {
        // A test that ended early may have left its fault.
        rig.heal().await;
    }
    Ok((durability, result(verdict)))
}

fn result(verdict: Verdict) -> TestResult {
    match verdict {
        Ok(()) => TestResult::Passed,
        Err(Stop::Failed(seen)) => TestResult::Failed { seen },
        Err(Stop::Skipped(reason)) => TestResult::Skipped { reason },
    }
}

/// A store that panics fails its test, not the suite.
async fn unwinding(test: impl Future<Output = Verdict>) -> Verdict {
    let mut test = pin!(test);
    std::future::poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| test.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(failed("the store panicked"))))
    })
    .await
}
