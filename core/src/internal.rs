//! Inner parts that the C ABI, the Python package and the tests of this workspace use. They are
//! no part of the API, and change without notice.

pub use crate::batch::BatchHandle;
pub use crate::net::process;

/// Agents at work.
pub mod agent {
    pub use crate::agent::Agent;
}

/// The state machine of one call.
pub mod call {
    pub use crate::call::{Call, Command, Scope};
}

/// Hosts at work.
pub mod host {
    pub use crate::host::{Host, Purpose};
}

/// Limits that bindings and tests name.
pub mod limits {
    pub use crate::limits::{
        COLUMNS_MAX, DIAGNOSTIC_TEXT_MAX, LOCAL_SEARCH_DELAY_MAX, MAX_PACKET_SIZE_MAX,
        REMOTE_TEXT_MAX, TOLD_COLUMNS_MAX, WORDS_MAX,
    };
}

/// Clients of a daemon.
pub mod master {
    pub use crate::master::searches;
}

/// Searches on their way.
pub mod search {
    pub use crate::search::filters::is_id;
    pub use crate::search::request::SearchRequest;
    pub use crate::search::result::{merge, merge_all, merge_with_locals};
}

/// Replies as they come.
pub mod request {
    use crate::request::Reply;
    use crate::wire::Truncated;

    /// Moves the text of a WARNING reply out of its body.
    pub fn split_warning(reply: &mut Reply) -> Result<(), Truncated> {
        reply.split_warning()
    }
}

/// Status without a client.
pub mod status {
    use std::time::Instant;

    use crate::status::Status;
    use crate::topology::Topology;

    /// Returns the status of a topology at `now`.
    pub fn picture(topology: &Topology, blackhole_drops: u64, now: Instant) -> Status {
        Status::new(topology, blackhole_drops, now)
    }
}

/// Configurations at work.
pub mod topology {
    pub use crate::topology::Topology;
}

/// The binary API.
pub mod wire {
    pub use crate::wire::{Reader, Truncated, Writer, append, text};

    /// Incremental decoding of whole replies.
    pub mod frame {
        pub use crate::wire::frame::{FrameReader, Unfed};
    }

    /// Checks of requests before they are sent.
    pub mod guard {
        pub use crate::wire::guard::check;
    }

    /// The eight bytes before each body.
    pub mod header {
        pub use crate::wire::header::{
            Command, LENGTH, ReplyHeader, Status, begin_request, end_request,
        };
    }

    /// SEARCH.
    pub mod search {
        pub use crate::wire::search::{
            ALL_VALUES, ANY_VALUE, Asked, Column, Filter, FilterTest, Kind, Layout, MASTER, Outer,
            Override, OverrideValue, Query, Reply, ResultSet, Row, Status, Undecoded, Value,
            encode, encode_in,
        };
    }
}
