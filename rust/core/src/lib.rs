//! Monte Carlo model of the gains from digital adoption across areas, sectors and
//! technologies.
//!
//! The core is pure: it reads no files, prints nothing and knows no Python. Data flow:
//! [`spec::Spec`] → [`factors`] (which random numbers) → [`model`] (constants) → `block` (sixteen draws) →
//! [`run`] (threads, merging) → [`summary`] (statistics with their errors).
//!
//! Every random number is a pure function of the seed, what the number is for, and the
//! draw, so the answer is the same for any number of threads.

pub mod around;
pub mod block;
pub mod distribution;
pub mod error;
pub mod factors;
pub mod inputs;
pub mod lanes;
pub mod layout;
pub mod model;
pub mod moments;
pub mod normal;
pub mod rng;
pub mod run;
#[allow(unsafe_code)] // it enters code of an instruction set that was seen to be there
pub mod simd;
pub mod sketch;
pub mod sobol;
pub mod spec;
pub mod summary;
pub mod vector;
