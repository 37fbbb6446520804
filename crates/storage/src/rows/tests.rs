//! Tests that read rows made of a list of values.

use super::*;

enum Value {
    Null,
    Integer(i64),
    Text(&'static str),
    Bytes(&'static [u8]),
}

struct Row(Vec<Value>);

impl Columns for Row {
    type Error = Damaged;

    fn integer(&self, column: usize) -> Result<Option<i64>, Damaged> {
        match self.0[column] {
            Value::Null => Ok(None),
            Value::Integer(number) => Ok(Some(number)),
            _ => Err(Damaged("no integer")),
        }
    }

    fn boolean(&self, column: usize) -> Result<Option<bool>, Damaged> {
        Ok(self.integer(column)?.map(|number| number != 0))
    }

    fn text(&self, column: usize) -> Result<Option<&str>, Damaged> {
        match self.0[column] {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(Damaged("no text")),
        }
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Damaged> {
        match self.0[column] {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(Damaged("no bytes")),
        }
    }

    fn id(&self, column: usize) -> Result<Option<[u8; 16]>, Damaged> {
        let bytes = self.bytes(column)?;
        let id = bytes.map(<[u8; 16]>::try_from).transpose();
        id.map_err(|_| Damaged("no id"))
    }
}

const ID: Value = Value::Bytes(&[7; 16]);

fn delivery_row(status: i64, owner: Value) -> Row {
    use Value::{Integer, Null, Text};
    Row(vec![
        ID,
        ID,
        ID,
        ID,
        Integer(0),
        owner,
        Integer(5_000),
        Integer(503),
        Integer(1),
        Integer(status),
        Integer(2),
        Integer(0),
        Null,
        ID,
        Text("proposal.accepted"),
        Integer(1_000),
        Integer(0),
    ])
}

#[test]
fn every_area_reads_as_many_columns_as_it_names() {
    let row = delivery_row(0, Value::Null);
    let mut reader = Reader::new(&row);
    deliveries::read(&mut reader).unwrap();
    assert_eq!((reader.next, deliveries::COUNT), (17, 17));
    assert_eq!(DeliveryRow::COLUMNS.split(", ").count(), DeliveryRow::COUNT);
    assert!(DeliveryRow::QUALIFIED.starts_with("d.id, d.account_id, "));
    assert!(DeliveryRow::COLUMNS.ends_with(deliveries::ProgressRow::COLUMNS));
}

#[test]
fn one_time_means_what_status_and_owner_say() {
    let read = |row: &Row| deliveries::read(&mut Reader::new(row)).unwrap().delivery;
    let at = Some(Timestamp::from_unix_ms(5_000));
    let waiting = read(&delivery_row(0, Value::Null));
    assert_eq!((waiting.next_attempt_at, waiting.settled_at), (at, None));
    let owned = read(&delivery_row(0, Value::Integer(3)));
    assert_eq!((owned.next_attempt_at, owned.settled_at), (None, None));
    let settled = read(&delivery_row(1, Value::Null));
    assert_eq!((settled.next_attempt_at, settled.settled_at), (None, at));
    assert_eq!(settled.last_status_code, Some(503));
}

#[test]
fn what_no_store_writes_is_damaged() {
    let unknown_status = delivery_row(99, Value::Null);
    assert_eq!(
        deliveries::read(&mut Reader::new(&unknown_status)),
        Err(Damaged("a code"))
    );
    let missing = Row(vec![Value::Null]);
    assert_eq!(
        Reader::new(&missing).number::<i64>(),
        Err(Damaged("a missing value"))
    );
    let too_big = Row(vec![Value::Integer(1 << 40)]);
    assert_eq!(
        Reader::new(&too_big).number::<i32>(),
        Err(Damaged("a number out of range"))
    );
}
