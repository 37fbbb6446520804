//! Compares values.

use std::cmp::Ordering;

use super::budget::{Stop, stop};
use super::filters;
use super::render::Render;
use super::value::Value;

/// Maximum nesting of lists and objects that are compared: the comparison recurses as deeply.
const COMPARED_DEPTH_MAX: usize = 32;

impl Render {
    /// Whether `left operator right` holds.
    pub(super) fn compare(&self, operator: &str, left: &Value, right: &Value) -> Result<bool, Stop> {
        Ok(match operator {
            "==" => self.equal(left, right)?,
            "!=" => !self.equal(left, right)?,
            "in" => self.contains(right, left)?,
            "not in" => !self.contains(right, left)?,
            "<" => self.order(left, right)? == Some(Ordering::Less),
            ">" => self.order(left, right)? == Some(Ordering::Greater),
            "<=" => self.order(left, right)?.is_some_and(Ordering::is_le),
            _ => self.order(left, right)?.is_some_and(Ordering::is_ge),
        })
    }

    /// The order of two numbers or two texts. Others have none, so that no comparison of them holds.
    fn order(&self, left: &Value, right: &Value) -> Result<Option<Ordering>, Stop> {
        self.budget.steps(1)?;
        let (left, right) = (self.json_as_text(left)?, self.json_as_text(right)?);
        Ok(match (&*left, &*right) {
            (Value::Number(left), Value::Number(right)) => Some(left.compare(right, &self.budget)?),
            (Value::Text(left), Value::Text(right)) => {
                let (left, right) = (left.as_str(), right.as_str());
                self.budget.work(left.len().min(right.len()))?;
                Some(left.cmp(right))
            }
            _ => None,
        })
    }

    /// Whether two values are equal: numbers by their exact value, lists and objects as JSON values. A
    /// missing field equals null.
    pub(super) fn equal(&self, left: &Value, right: &Value) -> Result<bool, Stop> {
        self.equal_within(left, right, COMPARED_DEPTH_MAX)
    }

    fn equal_within(&self, left: &Value, right: &Value, depth_left: usize) -> Result<bool, Stop> {
        match (left, right) {
            (Value::Undefined | Value::Null, Value::Undefined | Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            (Value::Number(_), Value::Number(_))
            | (Value::Text(_) | Value::Json(_), Value::Text(_) | Value::Json(_)) => {
                Ok(self.order(left, right)? == Some(Ordering::Equal))
            }
            (Value::Data(left_at), Value::Data(right_at)) if left_at == right_at => Ok(true),
            (
                Value::Data(_) | Value::List(_) | Value::Map(_),
                Value::Data(_) | Value::List(_) | Value::Map(_),
            ) => self.equal_containers(left, right, depth_left),
            _ => Ok(false),
        }
    }

    fn equal_containers(&self, left: &Value, right: &Value, depth_left: usize) -> Result<bool, Stop> {
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return stop("the values are nested too deeply to be compared");
        };
        let is_list = self.is_list(left);
        if is_list != self.is_list(right) {
            return Ok(false);
        }
        let (left_items, right_items) = (filters::items(self, left)?, filters::items(self, right)?);
        if left_items.len() != right_items.len() {
            return Ok(false);
        }
        for (one, other) in left_items.iter().zip(&right_items) {
            let is_equal = match is_list {
                true => self.equal_within(one, other, depth_left)?,
                // The items of an object are its names.
                false => self.equal_within(&self.item(left, one)?, &self.item(right, one)?, depth_left)?,
            };
            if !is_equal {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn contains(&self, container: &Value, value: &Value) -> Result<bool, Stop> {
        let (container, value) = (self.json_as_text(container)?, self.json_as_text(value)?);
        match (&*container, &*value) {
            (Value::Text(text), Value::Text(part)) => {
                self.budget.work(text.as_str().len() + part.as_str().len())?;
                Ok(text.as_str().contains(part.as_str()))
            }
            (Value::Data(_) | Value::List(_) | Value::Map(_), _) => {
                for item in filters::items(self, &container)? {
                    if self.equal(&item, &value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(false),
        }
    }
}
