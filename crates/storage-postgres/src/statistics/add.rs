//! Adding to sums. Several nodes add to the same rows at the same time. Each locks the rows in the order of
//! their keys, so that two nodes never wait for each other in a cycle.

use std::collections::BTreeMap;

use deadpool_postgres::ClientWrapper;
use postrider_model::Timestamp;
use postrider_storage::statistics::latency::Bucket;
use postrider_storage::statistics::{Count, Counts, LatencyCount, Scope, TimeStep};
use uuid::Uuid;

use super::{code, ids_of};
use crate::columns;
use crate::sql_error::SqlResult;
use crate::statement;

/// The sums to add, one per key, because a statement cannot change a row twice.
pub(super) struct Sums {
    counts: BTreeMap<(Scope, TimeStep, Timestamp), Counts>,
    latencies: BTreeMap<(TimeStep, Timestamp, Bucket), u64>,
}

impl Sums {
    pub(super) fn new(added: Vec<Count>, added_latencies: Vec<LatencyCount>) -> Self {
        let mut counts = BTreeMap::<_, Counts>::new();
        for count in added {
            *counts.entry((count.scope, count.step, count.at)).or_default() += count.counts;
        }
        let mut latencies = BTreeMap::new();
        for latency in added_latencies {
            *latencies
                .entry((latency.step, latency.at, latency.bucket))
                .or_default() += latency.count;
        }
        Self { counts, latencies }
    }

    /// Adds all sums in one transaction.
    pub(super) async fn add(&self, client: &mut ClientWrapper) -> SqlResult<()> {
        let transaction = client.transaction().await?;
        self.add_counts(&transaction).await?;
        self.add_latencies(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn add_counts(&self, client: &impl deadpool_postgres::GenericClient) -> SqlResult<()> {
        if self.counts.is_empty() {
            return Ok(());
        }
        let ids: Vec<[Uuid; 3]> = self.counts.keys().map(|(scope, ..)| ids_of(scope)).collect();
        let ids = [0, 1, 2].map(|nth| ids.iter().map(|ids| ids[nth]).collect::<Vec<_>>());
        let steps: Vec<i16> = self.counts.keys().map(|(_, step, _)| code(*step)).collect();
        let times: Vec<i64> = self.counts.keys().map(|(.., at)| at.unix_ms()).collect();
        let column = |of: fn(&Counts) -> u64| -> Vec<i64> {
            let counts = self.counts.values();
            counts.map(|counts| columns::number(of(counts))).collect()
        };
        let sql = "INSERT INTO statistics AS s (account_id, step, at, automation_id, action_id,
                 events, succeeded, failed, canceled, attempts, attempts_failed, stored_bytes, held_back)
             SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[],
                 $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[]) AS n
             ORDER BY 1, 2, 3, 4, 5
             ON CONFLICT (account_id, step, at, automation_id, action_id) DO UPDATE SET
                 events = s.events + excluded.events, succeeded = s.succeeded + excluded.succeeded,
                 failed = s.failed + excluded.failed, canceled = s.canceled + excluded.canceled,
                 attempts = s.attempts + excluded.attempts,
                 attempts_failed = s.attempts_failed + excluded.attempts_failed,
                 stored_bytes = s.stored_bytes + excluded.stored_bytes,
                 held_back = s.held_back + excluded.held_back";
        statement::execute(
            client,
            sql,
            &[
                &ids[0],
                &steps,
                &times,
                &ids[1],
                &ids[2],
                &column(|counts| counts.events),
                &column(|counts| counts.succeeded),
                &column(|counts| counts.failed),
                &column(|counts| counts.canceled),
                &column(|counts| counts.attempts),
                &column(|counts| counts.attempts_failed),
                &column(|counts| counts.stored_bytes),
                &column(|counts| counts.held_back),
            ],
        )
        .await?;
        Ok(())
    }

    async fn add_latencies(&self, client: &impl deadpool_postgres::GenericClient) -> SqlResult<()> {
        if self.latencies.is_empty() {
            return Ok(());
        }
        let keys = self.latencies.keys();
        let steps: Vec<i16> = keys.clone().map(|(step, ..)| code(*step)).collect();
        let times: Vec<i64> = keys.clone().map(|(_, at, _)| at.unix_ms()).collect();
        let buckets: Vec<i16> = keys.map(|(.., bucket)| i16::from(bucket.code())).collect();
        let counts: Vec<i64> = self
            .latencies
            .values()
            .map(|count| columns::number(*count))
            .collect();
        let sql = "INSERT INTO latencies AS l (step, at, bucket, count)
             SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::bigint[]) AS n ORDER BY 1, 2, 3
             ON CONFLICT (step, at, bucket) DO UPDATE SET count = l.count + excluded.count";
        statement::execute(client, sql, &[&steps, &times, &buckets, &counts]).await?;
        Ok(())
    }
}
