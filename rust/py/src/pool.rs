//! Threads: one pool for the process, or one of a stated size for a single run.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, OnceLock};

static SHARED: OnceLock<(u32, Arc<ThreadPool>)> = OnceLock::new();

/// Threads a run uses unless told otherwise: `GAINSMODEL_NUM_THREADS`, then the processors
/// this process may use.
pub fn default_threads() -> Result<usize, String> {
    match std::env::var("GAINSMODEL_NUM_THREADS") {
        Ok(text) => match text.trim().parse() {
            Ok(n @ 1..=1024) => Ok(n),
            _ => Err(format!(
                "GAINSMODEL_NUM_THREADS is '{text}', must be a whole number from 1 to 1024"
            )),
        },
        Err(_) => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

/// The shared pool, or a new one of `threads`.
pub fn pool(threads: Option<usize>) -> Result<Arc<ThreadPool>, String> {
    if let Some(threads) = threads {
        return build(threads);
    }
    if SHARED.get().is_none() {
        // A race builds a pool too many, which is dropped.
        let _ = SHARED.set((std::process::id(), build(default_threads()?)?));
    }
    match SHARED.get() {
        Some((owner, pool)) if *owner == std::process::id() => Ok(Arc::clone(pool)),
        _ => {
            Err("this process was forked from one that had already run gainsmodel, whose threads \
                  do not survive a fork; start worker processes with the 'spawn' method"
                .to_string())
        }
    }
}

fn build(threads: usize) -> Result<Arc<ThreadPool>, String> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("gainsmodel-{i}"))
        .build()
        .map(Arc::new)
        .map_err(|error| format!("could not start {threads} threads: {error}"))
}
