//! Compares values.

use std::cmp::Ordering;

use super::budget::{Stop, stop};
use super::filters;
use super::render::Renderer;
use super::tree::Comparison;
use super::value::Value;

/// Maximum nesting of lists and objects that are compared: the comparison recurses as deeply.
const COMPARED_DEPTH_MAX: usize = 32;

impl<'a> Renderer<'a> {
    pub(super) fn compare(
        &self,
        comparison: Comparison,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Result<bool, Stop> {
        Ok(match comparison {
            Comparison::Eq => self.equal(left, right)?,
            Comparison::Ne => !self.equal(left, right)?,
            Comparison::In => self.contains(right, left)?,
            Comparison::NotIn => !self.contains(right, left)?,
            Comparison::Lt => self.order(left, right)? == Some(Ordering::Less),
            Comparison::Gt => self.order(left, right)? == Some(Ordering::Greater),
            Comparison::Lte => self.order(left, right)?.is_some_and(Ordering::is_le),
            Comparison::Gte => self.order(left, right)?.is_some_and(Ordering::is_ge),
        })
    }

    /// The order of two numbers or two texts. Others have none, so that no comparison of them holds.
    pub(super) fn order(&self, left: &Value<'a>, right: &Value<'a>) -> Result<Option<Ordering>, Stop> {
        self.budget.steps(1)?;
        Ok(match (left, right) {
            (Value::Number(left), Value::Number(right)) => Some(left.compare(*right, &self.budget)?),
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
    pub(super) fn equal(&self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Stop> {
        self.equal_within(left, right, COMPARED_DEPTH_MAX)
    }

    fn equal_within(&self, left: &Value<'a>, right: &Value<'a>, depth_left: usize) -> Result<bool, Stop> {
        match (left, right) {
            (Value::Undefined | Value::Null, Value::Undefined | Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            (Value::Number(_), Value::Number(_)) | (Value::Text(_), Value::Text(_)) => {
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

    fn equal_containers(&self, left: &Value<'a>, right: &Value<'a>, depth_left: usize) -> Result<bool, Stop> {
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return stop("the values are nested too deeply to be compared");
        };
        let is_list = |value: &Value<'a>| match value {
            Value::Data(at) => !self.document.is_object(*at),
            Value::List(_) => true,
            _ => false,
        };
        if is_list(left) != is_list(right) {
            return Ok(false);
        }
        let (left_items, right_items) = (filters::items(self, left)?, filters::items(self, right)?);
        if left_items.len() != right_items.len() {
            return Ok(false);
        }
        for (one, other) in left_items.iter().zip(&right_items) {
            let is_equal = match is_list(left) {
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

    fn contains(&self, container: &Value<'a>, value: &Value<'a>) -> Result<bool, Stop> {
        match (container, value) {
            (Value::Undefined | Value::Null, _) => Ok(false),
            (Value::Text(text), Value::Text(part)) => {
                self.budget.work(text.as_str().len() + part.as_str().len())?;
                Ok(text.as_str().contains(part.as_str()))
            }
            (Value::Data(_) | Value::List(_) | Value::Map(_), _) => {
                for item in filters::items(self, container)? {
                    if self.equal(&item, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(false),
        }
    }
}
