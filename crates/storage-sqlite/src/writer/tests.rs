use super::*;

use parking_lot::Mutex;
use rusqlite::ffi;

type Answer = Result<(), StoreError>;

/// An operation in a group, its behaviour and its answers.
struct Probe {
    number: i64,
    conduct: Conduct,
    answers: Arc<Mutex<Vec<(i64, Answer)>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Conduct {
    Insert,
    InsertThenFail,
    InsertThenPanic,
    FindTheDiskFull,
    FindTheFileMalformed,
    FindTheFileMalformedOnce,
}

impl Operation for Probe {
    fn run(&mut self, cx: &mut WriteCx<'_>) -> SqlResult<()> {
        cx.conn
            .execute("INSERT INTO probes (number) VALUES (?1)", (self.number,))?;
        match self.conduct {
            Conduct::Insert => Ok(()),
            Conduct::InsertThenFail => {
                cx.memory.pruned_through = 7;
                Err(SqlError::Damaged("a probe"))
            }
            Conduct::InsertThenPanic => panic!("a probe panicked"),
            Conduct::FindTheDiskFull => {
                let full = ffi::Error::new(ffi::SQLITE_FULL);
                Err(rusqlite::Error::SqliteFailure(full, None).into())
            }
            Conduct::FindTheFileMalformed | Conduct::FindTheFileMalformedOnce => {
                if self.conduct == Conduct::FindTheFileMalformedOnce {
                    self.conduct = Conduct::Insert;
                }
                let malformed = ffi::Error::new(ffi::SQLITE_CORRUPT);
                Err(rusqlite::Error::SqliteFailure(malformed, None).into())
            }
        }
    }

    fn committed(&mut self) {}

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let answer = failure.map_or(Ok(()), |error| Err(error.clone()));
        self.answers.lock().push((self.number, answer));
    }
}

/// Commits a group of these. Returns the answers, the numbers in the table, and the number of transactions.
fn commit(group: &[Conduct]) -> (Vec<Answer>, Vec<i64>, u64) {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("probes.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE probes (number INTEGER PRIMARY KEY)")
        .unwrap();
    let counters = Arc::new(Counters::default());
    let mut writer = Writer::new(
        conn,
        Box::new(move || Ok(Connection::open(&path)?)),
        Log::new(folder.path().to_owned()),
        Arc::clone(&counters),
    );
    let answers = Arc::default();
    let probe = |(number, conduct): (i64, &Conduct)| -> Box<dyn Operation> {
        Box::new(Probe {
            number,
            conduct: *conduct,
            answers: Arc::clone(&answers),
        })
    };
    let committed = writer.commit((1..).zip(group).map(probe).collect(), &|| {});
    answer_all(committed, None);
    let mut statement = writer
        .conn
        .prepare("SELECT number FROM probes ORDER BY number")
        .unwrap();
    let rows = statement
        .query_map((), |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(writer.conn.is_autocommit(), "no transaction is left open");
    assert_eq!(
        writer.memory.pruned_through, 0,
        "memory does not outlive a rollback"
    );
    let mut answers = std::mem::take(&mut *answers.lock());
    answers.sort_by_key(|(number, _)| *number);
    let answers = answers.into_iter().map(|(_, answer)| answer).collect();
    (answers, rows, counters.read().transactions)
}

#[test]
fn a_group_is_one_transaction() {
    let (answers, rows, transactions) = commit(&[Conduct::Insert; 50]);
    assert_eq!((answers, rows.len(), transactions), (vec![Ok(()); 50], 50, 1));
}

#[test]
fn an_operation_that_fails_half_way_leaves_the_others_intact_and_nothing_of_its_own() {
    for conduct in [Conduct::InsertThenFail, Conduct::InsertThenPanic] {
        let (answers, rows, _) = commit(&[Conduct::Insert, conduct, Conduct::Insert]);
        assert_eq!((&answers[0], &answers[2]), (&Ok(()), &Ok(())));
        assert!(matches!(answers[1], Err(StoreError::Internal(_))), "{answers:?}");
        assert_eq!(rows, [1, 3]);
    }
}

#[test]
fn a_full_disk_fails_the_whole_group_as_unavailable() {
    let (answers, rows, transactions) = commit(&[Conduct::Insert, Conduct::FindTheDiskFull, Conduct::Insert]);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(StoreError::Unavailable(_)))),
        "{answers:?}"
    );
    assert_eq!((answers.len(), rows, transactions), (3, vec![], 0));
}

#[test]
fn a_group_is_repeated_on_another_connection_where_the_first_may_be_the_cause() {
    let (answers, rows, transactions) = commit(&[
        Conduct::Insert,
        Conduct::FindTheFileMalformedOnce,
        Conduct::Insert,
    ]);
    assert_eq!((answers, rows, transactions), (vec![Ok(()); 3], vec![1, 2, 3], 1));
}

#[test]
fn a_file_that_stays_malformed_is_unavailable_to_those_who_find_it_so() {
    let (answers, rows, _) = commit(&[Conduct::Insert, Conduct::FindTheFileMalformed, Conduct::Insert]);
    assert_eq!((&answers[0], &answers[2]), (&Ok(()), &Ok(())));
    assert!(
        matches!(answers[1], Err(StoreError::Unavailable(_))),
        "{answers:?}"
    );
    assert_eq!(rows, [1, 3]);
}

#[test]
fn a_database_that_is_gone_or_replaced_is_not_created_again() {
    use crate::open::{self, DATABASE_FILE};
    use crate::options::SqliteOptions;

    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join(DATABASE_FILE);
    let options = SqliteOptions::default();
    drop(open::open_writer(folder.path(), options.writer_cache_kib).unwrap());
    let replaced = open::reopen_writer(folder.path(), options.writer_cache_kib);
    assert!(
        matches!(replaced, Err(OpenError::Replaced { found: 0 })),
        "{replaced:?}"
    );
    std::fs::remove_file(&file).unwrap();
    let gone = open::reopen_writer(folder.path(), options.writer_cache_kib);
    assert!(matches!(gone, Err(OpenError::NoDatabase { .. })), "{gone:?}");
    assert!(!file.exists());
}
