use std::sync::Arc;

use postrider_model::Timestamp;
use tokio::sync::oneshot;

use super::super::append::test_events::events;
use super::*;

const LARGE: usize = JOB_COST_MAX;

fn job(account: u128, cost: usize) -> AppendJob {
    AppendJob {
        account: AccountId::from_u128(account),
        events: events(account, cost),
        now: Timestamp::from_unix_ms(0),
        reply: oneshot::channel().0,
    }
}

fn queue_of(jobs: &[(u128, usize)]) -> AppendQueue {
    let queue = AppendQueue::default();
    for (account, cost) in jobs {
        queue.push(job(*account, *cost), false).unwrap();
    }
    queue
}

fn step(queue: &AppendQueue) -> Vec<(u128, usize)> {
    let jobs = queue.take_step();
    jobs.iter()
        .map(|job| (job.account.as_u128(), job.cost()))
        .collect()
}

#[test]
fn the_event_of_an_account_is_in_the_next_step_whatever_another_submits() {
    for flood in [1, 16, 17, LARGE] {
        let queue = queue_of(&vec![(1, flood); 4 * STEP_COST_MAX / flood]);
        for _ in 0..3 {
            queue.push(job(2, 2), false).unwrap();
            assert!(step(&queue).contains(&(2, 2)), "{flood}");
        }
    }
}

#[test]
fn large_jobs_fill_a_step_until_a_small_one_comes_and_share_the_steps_with_it() {
    let queue = queue_of(&vec![(1, LARGE); 200]);
    let cost = |step: Vec<(u128, usize)>| step.iter().map(|job| job.1).sum::<usize>();
    assert_eq!(cost(step(&queue)), STEP_COST_MAX / LARGE * LARGE);
    queue.push(job(2, 2), false).unwrap();
    assert_eq!(step(&queue), [(2, 2)], "a step of its own");
    for _ in 0..3 {
        queue.push(job(2, 2), false).unwrap();
        assert_eq!(step(&queue), [(1, LARGE), (2, 2)]);
        queue.push(job(2, 2), false).unwrap();
        assert_eq!(step(&queue), [(2, 2)]);
    }
    assert_eq!(queue.results_max(), SHARED_RESULTS_MAX);
    for _ in 1..SHARED_STEPS {
        assert_eq!(step(&queue), [(1, LARGE)]);
    }
    assert_eq!(cost(step(&queue)), STEP_COST_MAX / LARGE * LARGE);
    assert_eq!(queue.results_max(), RESULTS_MAX);
}

#[test]
fn small_jobs_never_keep_a_large_one_waiting() {
    let queue = queue_of(&[(1, JOB_COST_MAX + 1), (2, LARGE)]);
    for _ in 0..2 * STEP_COST_MAX {
        queue.push(job(3, 2), false).unwrap();
    }
    assert!(step(&queue).contains(&(1, JOB_COST_MAX + 1)));
    assert!(!step(&queue).contains(&(2, LARGE)), "a step for small jobs");
    assert!(step(&queue).contains(&(2, LARGE)));
}

#[test]
fn a_step_is_bounded_in_bytes_too() {
    let queue = AppendQueue::default();
    for _ in 0..100 {
        let mut job = job(1, 1);
        job.events[0].event.data = vec![b' '; 256 * 1024].into();
        queue.push(job, false).unwrap();
    }
    queue.push(job(2, 1), false).unwrap();
    let step = queue.take_step();
    let bytes: usize = step.iter().map(|job| job.events[0].event.data.len()).sum();
    assert!(bytes <= STEP_COST_MAX * 4 * 1024, "{bytes}");
    assert!(step.iter().any(|job| job.account.as_u128() == 2));
}

#[test]
fn large_jobs_take_turns_by_account() {
    let mut jobs = vec![(1, LARGE); 6];
    jobs.push((2, LARGE));
    let queue = queue_of(&jobs);
    assert_eq!(step(&queue)[..2], [(1, LARGE), (2, LARGE)]);
}

#[test]
fn a_job_larger_than_a_step_is_a_step_of_its_own() {
    let queue = queue_of(&[(1, STEP_COST_MAX + 1), (2, 17)]);
    assert_eq!(step(&queue), [(1, STEP_COST_MAX + 1)]);
    assert_eq!(step(&queue), [(2, 17)]);
    assert_eq!(step(&queue), []);
}

#[test]
fn one_account_gets_at_most_half_of_the_queue() {
    let queue = AppendQueue::default();
    let accepted = (0..2 * QUEUE_COST_MAX / LARGE)
        .take_while(|_| queue.push(job(1, LARGE), false).is_ok())
        .count();
    assert!((QUEUE_COST_MAX / 2..=QUEUE_COST_MAX / 2 + LARGE).contains(&(accepted * LARGE)));
    assert_eq!(
        queue.push(job(1, 1), false),
        Err(AcceptError::Store(StoreError::Busy))
    );
    assert_eq!(queue.push(job(1, 1), true), Ok(()));
    assert_eq!(queue.push(job(2, 1), false), Ok(()));
    for account in 3..100 {
        let _ = queue.push(job(account, QUEUE_COST_MAX), false);
    }
    while !step(&queue).is_empty() {}
    assert!(queue.waiting.lock().accounts.is_empty());
    assert_eq!(queue.push(job(1, 1), false), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_nothing_turns_further_producers_away_at_once() {
    let queue = queue_of(&[(1, 1)]);
    tokio::time::advance(STALL_MAX).await;
    assert!(queue.push(job(2, 1), false).is_ok());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(queue.push(job(2, 1), false).is_err());
    assert!(queue.push(job(1, 1), true).is_ok(), "an accepted request goes on");
    assert_eq!(step(&queue).len(), 3);
    assert!(queue.push(job(2, 1), false).is_ok());
}

#[tokio::test]
async fn a_closed_queue_hands_out_what_waits_and_then_ends() {
    let queue = Arc::new(AppendQueue::default());
    let waiter = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.wait().await }
    });
    tokio::task::yield_now().await;
    queue.push(job(1, 1), false).unwrap();
    assert!(waiter.await.unwrap());
    queue.close();
    assert_eq!(queue.push(job(1, 1), true), Err(AcceptError::Stopping));
    assert!(queue.wait().await);
    assert_eq!(step(&queue), [(1, 1)]);
    assert!(!queue.wait().await);
}
