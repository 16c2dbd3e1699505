//! The one place where core errors become Python exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gainsmodel_core::error::Error;
use pyo3::prelude::*;

/// The exception of `gainsmodel.errors` that stands for a core error.
pub fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    let name = match error {
        Error::Spec { .. } => "ScenarioError",
        Error::Cancelled => "RunCancelled",
    };
    raise(py, name, &error.to_string())
}

/// A fault of the core itself, such as a caught panic.
pub fn fault(py: Python<'_>, message: &str) -> PyErr {
    raise(py, "CoreError", message)
}

/// Does some work; what a panic in it said, if there was one.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "the core panicked".into())
    })
}

/// A run setting or environment variable outside what is allowed.
pub fn setting(py: Python<'_>, message: &str) -> PyErr {
    raise(py, "SettingError", message)
}

/// A stored outcome that cannot be read.
pub fn unreadable(py: Python<'_>, message: &str) -> PyErr {
    raise(py, "ResultError", message)
}

fn raise(py: Python<'_>, name: &str, message: &str) -> PyErr {
    let exception = py
        .import("gainsmodel.errors")
        .and_then(|errors| errors.getattr(name))
        .and_then(|class| class.call1((message,)));
    match exception {
        Ok(exception) => PyErr::from_value(exception),
        Err(import_failed) => import_failed,
    }
}
