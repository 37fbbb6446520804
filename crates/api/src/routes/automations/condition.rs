//! The schema of conditions. They pass through as JSON text; [`postrider_json::conditions`] reads them.

use std::borrow::Cow;

use postrider_json::conditions::{Op, PATH_BYTES_MAX, VALUES_MAX};
use serde_json::json;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// A node of the tree: a comparison, or a group of nodes.
pub struct Condition;

const NAME: &str = "Condition";

impl ToSchema for Condition {
    fn name() -> Cow<'static, str> {
        NAME.into()
    }
}

impl PartialSchema for Condition {
    fn schema() -> RefOr<Schema> {
        let node = || Ref::from_schema_name(NAME);
        let nodes = || ArrayBuilder::new().items(node()).min_items(Some(1));
        let groups = [
            group("all", nodes(), "Holds if each of these holds."),
            group("any", nodes(), "Holds if one of these holds."),
            group("not", node(), "Holds if this does not hold."),
        ];
        let any = || ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        let string = || ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        let ordered = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Number, Type::String]));
        let list = ArrayBuilder::new()
            .items(any())
            .min_items(Some(1))
            .max_items(Some(VALUES_MAX));
        let rows = [
            row(&[Op::Eq, Op::Ne, Op::Contains])
                .property("value", any())
                .required("value"),
            row(&[Op::In, Op::NotIn])
                .property("value", list)
                .required("value"),
            row(&[Op::Gt, Op::Gte, Op::Lt, Op::Lte])
                .property("value", ordered)
                .required("value"),
            row(&[Op::StartsWith, Op::EndsWith])
                .property("value", string())
                .required("value"),
            row(&[Op::Exists, Op::Missing]),
        ];
        let arms = groups.into_iter().chain(rows.map(closed));
        let conditions = arms.fold(OneOfBuilder::new(), OneOfBuilder::item);
        conditions
            .description(Some(
                "What must hold for the event's `data`: a comparison `{\"path\",\"op\",\"value\"}`, or comparisons \
                 joined by `all`, `any` and `not`. `path` is a JSON Pointer into `data`, in which `*` stands for any \
                 element of an array. Numbers compare as decimals, exactly. A path that finds nothing makes every \
                 comparison false, except `missing`, `ne` and `not_in`. At most 50 comparisons and 200 values, \
                 nested at most 4 levels deep.",
            ))
            .examples([json!({"all": [
                {"path": "/total", "op": "gte", "value": 1000},
                {"path": "/country", "op": "in", "value": ["DE", "AT"]},
            ]})])
            .into()
    }
}

fn group(name: &str, parts: impl Into<RefOr<Schema>>, description: &str) -> RefOr<Schema> {
    let group = ObjectBuilder::new()
        .description(Some(description))
        .property(name, parts)
        .required(name);
    closed(group)
}

/// An object without other members.
fn closed(object: ObjectBuilder) -> RefOr<Schema> {
    let none = AdditionalProperties::<Schema>::FreeForm(false);
    object.additional_properties(Some(none)).into()
}

/// A comparison with one of these operators, still without its value.
fn row(ops: &[Op]) -> ObjectBuilder {
    let names = ops.iter().map(|op| op.name());
    let op = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .enum_values(Some(names));
    let path = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .max_length(Some(PATH_BYTES_MAX))
        .pattern(Some("^(/([^~/]|~[01])*)*$"))
        .description(Some(
            "A JSON Pointer into `data`; `*` stands for any element of an array.",
        ));
    let ignore_case = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Boolean))
        .description(Some(
            "Whether strings that differ in case alone are equal; only where strings are compared.",
        ))
        .default(Some(json!(false)));
    let row = ObjectBuilder::new()
        .property("path", path)
        .required("path")
        .property("op", op)
        .required("op");
    match ops.iter().any(|op| op.can_ignore_case()) {
        true => row.property("ignore_case", ignore_case),
        false => row,
    }
}
