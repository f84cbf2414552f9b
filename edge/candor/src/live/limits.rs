//! What a live command may take of the machine.

use std::sync::Arc;

use proxy::{CommonLimits, ReachedLimit};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::exit::talk;

/// Raises what this process may open to what it is allowed, and gives limits for
/// all its proxies together. The person is told of each that is reached, once.
pub fn common() -> Arc<CommonLimits> {
    raise_descriptors();
    let tell = |limit: ReachedLimit| talk(&format!("candor: {}", limit.as_str()));
    Arc::new(CommonLimits::of_this_program(Some(Box::new(tell))))
}

/// A shell gives 1,024 descriptors, for programs that cannot count further; a
/// browser's connections through a proxy take two each.
fn raise_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Where there is no maximum the kernel's own counts.
    let wanted = maximum.or(Some(1 << 20));
    if current.is_some_and(|current| Some(current) < wanted) {
        // Who may not has fewer, and the limits go by what there is.
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
