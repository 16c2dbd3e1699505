//! Monte Carlo model of the gains from digital adoption across areas, sectors and
//! technologies.
//!
//! The core is pure: it reads no files, prints nothing and knows no Python. Data flow:
//! [`spec::Spec`] → [`factors`] (which random numbers) → [`model`] (constants) → `kernel` (one block of draws) →
//! [`run`] (threads, merging) → [`summary`] (statistics with their errors).
//!
//! Every random number is a pure function of the seed, what the number is for, and the
//! draw, so the answer is the same for any number of threads.

pub mod distribution;
pub mod error;
pub mod factors;
mod kernel;
pub mod lanes;
pub mod layout;
pub mod model;
pub mod normal;
pub mod rng;
pub mod run;
pub mod simd;
pub mod sobol;
pub mod spec;
pub mod summary;
