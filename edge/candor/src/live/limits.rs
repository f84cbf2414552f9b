//! Limits on the resources of a live command.

use std::sync::Arc;

use proxy::{CommonLimits, ReachedLimit};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::exit::talk;

/// Raises this process's limit of file descriptors, and returns common limits for
/// all its proxies. Each limit that is reached is reported once.
pub fn common() -> Arc<CommonLimits> {
    raise_descriptors();
    let tell = |limit: ReachedLimit| talk(&format!("candor: {}", limit.as_str()));
    Arc::new(CommonLimits::of_this_program(Some(Box::new(tell))))
}

/// The usual limit of 1,024 descriptors is for programs that use select(2). A
/// browser's connection through a proxy takes two descriptors.
fn raise_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Without a hard limit, the kernel's default maximum (`fs.nr_open`).
    let wanted = maximum.or(Some(1 << 20));
    if current.is_some_and(|current| Some(current) < wanted) {
        // If this fails, `CommonLimits` are derived from the lower limit.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_taken() {
        let before = getrlimit(Resource::Nofile);
        raise_descriptors();
        let after = getrlimit(Resource::Nofile);
        assert_eq!(after.maximum, before.maximum);
        assert!(after.maximum.is_none() || after.current == after.maximum);
    }
}
