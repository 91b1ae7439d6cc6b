//! The end of a call for which enough others were answered.

use std::time::Instant;

use super::Call;

/// Time that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeUp {
    Deadline,
    Soft,
}

impl Call {
    /// Enough others were answered: this one gets that share, in percent, of the time left.
    pub fn hurry(&mut self, share: u8, now: Instant) {
        let left = self.deadline.saturating_duration_since(now);
        self.soft_end = Some(now + left * u32::from(share.min(100)) / 100);
    }

    /// True if it was answered, and the answer lacks nothing.
    pub fn is_answered_in_full(&self) -> bool {
        let answer = self.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        answer.is_some_and(|answer| self.request.is_whole(&answer.reply))
    }

    pub(super) fn time_up(&self, now: Instant) -> Option<TimeUp> {
        if now >= self.deadline {
            return Some(TimeUp::Deadline);
        }
        self.soft_end.filter(|end| now >= *end).map(|_| TimeUp::Soft)
    }
}
