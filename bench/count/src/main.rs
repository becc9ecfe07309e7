//! How many instructions and allocations a call takes: counted by valgrind, so that another run says the same.
//!
//! Started by `cargo xtask bench count [WRITE]`. It starts itself within valgrind, which counts what happens in
//! [`counted`], and prints it beside what was counted before (`counts.tsv`).

#[path = "../../src/allocations.rs"]
mod allocations;
mod cases;
mod counts;
#[allow(dead_code)] // the work of other tables is there, too
#[path = "../../src/service.rs"]
mod service;
#[allow(dead_code)]
#[path = "../../src/work.rs"]
mod work;

use anyhow::Result;

#[global_allocator]
static COUNTING: allocations::Counting = allocations::Counting;

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("run") => cases::all()?.into_iter().for_each(|mut case| {
            case.warm_up();
            written(&mut *case.work);
        }),
        Some("write") => counts::write(&counts::count()?)?,
        _ => counts::print(&counts::count()?)?,
    }
    Ok(())
}

/// Valgrind writes down what it counted when this ends. It is told names, and takes one wish for each, so these two are
/// functions to the compiler, too, which the calls return to.
#[inline(never)]
fn written(work: &mut dyn FnMut()) {
    counted(work);
    std::hint::black_box(work);
}

/// What is called here is counted.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    std::hint::black_box(work);
}
