//! Which traces are sampled.
//!
//! A trace that begins here is sampled by share. A producer's decision counts for its own traces: what it
//! does not sample is not sampled here, and what it samples is, up to a number a second. Beyond that, the
//! share decides, by the trace's id, so that one producer that samples everything neither fills the collector
//! nor costs the node more than the operator has set.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{Clock, SpanId, TraceContext, TraceId};
use postrider_web::trace::RequestTrace;

/// The operator's decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The share of the traces that begin here, from 0 to 1.
    pub share: f64,
    /// The most traces a second that are sampled because their producer samples them, whatever the share.
    pub of_producers_per_s: u32,
}

/// Decides for each request.
pub struct Sampler {
    clock: Arc<dyn Clock>,
    of_producers_per_s: u32,
    /// Ids below this are sampled by share. `None`: all of them.
    threshold: Option<u64>,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    /// A second of the monotonic clock, and the producers' traces that were sampled in it.
    second: u64,
    used: u32,
}

impl Sampler {
    /// A sampler whose ids begin with this seed, which no other process may have.
    pub fn new(sampling: Sampling, clock: Arc<dyn Clock>, seed: u64) -> Self {
        // Saturates: a share of 1 is beyond the greatest id.
        let threshold = (sampling.share * 2_f64.powi(64)) as u64;
        Self {
            clock,
            of_producers_per_s: sampling.of_producers_per_s,
            threshold: (sampling.share < 1.0).then_some(threshold),
            state: Mutex::new(State {
                random: fastrand::Rng::with_seed(seed),
                second: 0,
                used: 0,
            }),
        }
    }

    /// The place of a request with this context in its headers.
    pub fn begin(&self, incoming: Option<TraceContext>) -> RequestTrace {
        let mut state = self.state.lock();
        let (trace, parent) = match incoming {
            Some(context) if !context.sampled => return RequestTrace::unrecorded(incoming),
            Some(context) => {
                let is_sampled =
                    self.is_in_share(context.trace) || state.take(self.second(), self.of_producers_per_s);
                if !is_sampled {
                    let sampled = false;
                    return RequestTrace::unrecorded(Some(TraceContext { sampled, ..context }));
                }
                (context.trace, Some(context.span))
            }
            None => {
                let trace = state.trace_id();
                if !self.is_in_share(trace) {
                    return RequestTrace::unrecorded(None);
                }
                (trace, None)
            }
        };
        let span = state.span_id();
        RequestTrace {
            context: Some(TraceContext {
                trace,
                span,
                sampled: true,
            }),
            parent,
            is_recorded: true,
        }
    }

    fn is_in_share(&self, trace: TraceId) -> bool {
        self.threshold.is_none_or(|threshold| trace.low() < threshold)
    }

    fn second(&self) -> u64 {
        self.clock.monotonic().max(Duration::ZERO).as_secs()
    }
}

impl State {
    fn take(&mut self, second: u64, most: u32) -> bool {
        if second != self.second {
            (self.second, self.used) = (second, 0);
        }
        let admits = self.used < most;
        self.used += u32::from(admits);
        admits
    }

    fn trace_id(&mut self) -> TraceId {
        loop {
            if let Some(id) = TraceId::from_bytes(self.random.u128(..).to_be_bytes()) {
                return id;
            }
        }
    }

    fn span_id(&mut self) -> SpanId {
        loop {
            if let Some(id) = SpanId::from_bytes(self.random.u64(..).to_be_bytes()) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_engine::SystemClock;

    use super::*;

    fn sampler(share: f64, of_producers_per_s: u32) -> Sampler {
        let sampling = Sampling {
            share,
            of_producers_per_s,
        };
        Sampler::new(sampling, Arc::new(SystemClock::new()), 7)
    }

    fn incoming(low: u64, sampled: bool) -> TraceContext {
        let mut trace = [1; 16];
        trace[8..].copy_from_slice(&low.to_be_bytes());
        TraceContext {
            trace: TraceId::from_bytes(trace).unwrap(),
            span: SpanId::from_bytes([2; 8]).unwrap(),
            sampled,
        }
    }

    #[test]
    fn of_the_traces_that_begin_here_the_share_is_sampled() {
        let recorded = |share| {
            let sampler = sampler(share, 0);
            (0..10_000).filter(|_| sampler.begin(None).is_recorded).count()
        };
        assert_eq!((recorded(0.0), recorded(1.0)), (0, 10_000));
        assert!((900..1_100).contains(&recorded(0.1)), "{}", recorded(0.1));
        assert_eq!(sampler(0.0, 0).begin(None), RequestTrace::default());
    }

    #[test]
    fn a_producers_trace_goes_on_with_a_span_of_ours_below_its_own() {
        let producers = incoming(u64::MAX, true);
        let begun = sampler(0.0, 1).begin(Some(producers));
        let context = begun.context.unwrap();
        assert!(begun.is_recorded && context.sampled);
        assert_eq!(
            (context.trace, begun.parent),
            (producers.trace, Some(producers.span))
        );
        assert_ne!(context.span, producers.span);
    }

    #[test]
    fn what_a_producer_does_not_sample_is_not_sampled_here() {
        let unsampled = incoming(0, false);
        let begun = sampler(1.0, 10).begin(Some(unsampled));
        assert_eq!(begun, RequestTrace::unrecorded(Some(unsampled)));
    }

    #[test]
    fn a_producer_that_samples_everything_gets_its_number_a_second_and_then_the_share() {
        let state = &mut sampler(0.0, 0).state.into_inner();
        let taken = |state: &mut State, second| (0..5).filter(|_| state.take(second, 3)).count();
        assert_eq!((taken(state, 1), taken(state, 1), taken(state, 2)), (3, 0, 3));
        let half = sampler(0.5, 0);
        assert!(half.begin(Some(incoming(u64::MAX / 2 - 1, true))).is_recorded);
        let refused = half.begin(Some(incoming(u64::MAX / 2 + 2, true)));
        let context = refused.context.unwrap();
        assert!(
            !refused.is_recorded && !context.sampled,
            "receivers learn the decision"
        );
        assert_eq!(context.span, incoming(0, true).span);
    }
}
