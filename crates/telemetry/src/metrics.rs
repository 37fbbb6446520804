//! The text of `/metrics` as OTLP.
//!
//! The text has all metrics: those of the recorder, and those that are read at the moment. So a collector
//! gets exactly what Prometheus would, under the same names. Counters are sums since the start of the
//! process, histograms keep their buckets.

mod text;

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
};

use self::text::{Family, Kind, Sample, families};
use crate::attributes::text;

/// When the process started and when the text was rendered, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The start.
    pub start_ns: u64,
    /// Now.
    pub now_ns: u64,
}

/// The metrics of a text.
pub fn metrics(rendered: &str, span: Span) -> Vec<Metric> {
    let metrics = families(rendered).into_iter();
    metrics.map(|family| metric(&family, span)).collect()
}

/// The number of data points, as collectors count them.
pub fn points(metrics: &[Metric]) -> usize {
    let points = metrics.iter().map(|metric| match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        _ => 0,
    });
    points.sum()
}

fn metric(family: &Family<'_>, span: Span) -> Metric {
    let cumulative = AggregationTemporality::Cumulative.into();
    let numbers = |start_ns| {
        family
            .samples
            .iter()
            .map(move |sample| number(sample, start_ns, span.now_ns))
    };
    let data = match family.kind {
        Kind::Gauge => Data::Gauge(Gauge {
            data_points: numbers(0).collect(),
        }),
        Kind::Counter => Data::Sum(Sum {
            data_points: numbers(span.start_ns).collect(),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        Kind::Histogram => Data::Histogram(Histogram {
            data_points: histograms(family, span),
            aggregation_temporality: cumulative,
        }),
    };
    Metric {
        name: family.name.to_owned(),
        description: family.help.to_owned(),
        unit: unit(family.name).to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// The unit (UCUM) that the name says.
fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    match name.rsplit('_').next() {
        Some("seconds") => "s",
        Some("bytes") => "By",
        _ => "1",
    }
}

fn number(sample: &Sample<'_>, start_ns: u64, now_ns: u64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: start_ns,
        time_unix_nano: now_ns,
        value: Some(match sample.value.parse() {
            Ok(whole) => Value::AsInt(whole),
            Err(_) => Value::AsDouble(sample.number()),
        }),
        ..NumberDataPoint::default()
    }
}

fn attributes(labels: &[(&str, String)]) -> Vec<KeyValue> {
    let labels = labels.iter().filter(|(name, _)| *name != "le");
    labels.map(|(name, value)| text(*name, value.as_str())).collect()
}

/// A point for each set of labels. The text counts a sample in every bucket whose bound it does not exceed,
/// OTLP in one.
fn histograms(family: &Family<'_>, span: Span) -> Vec<HistogramDataPoint> {
    let mut points: BTreeMap<Vec<(&str, String)>, HistogramDataPoint> = BTreeMap::new();
    for sample in &family.samples {
        let mut labels = sample.labels.clone();
        labels.retain(|(name, _)| *name != "le");
        let point = points.entry(labels).or_insert_with(|| HistogramDataPoint {
            attributes: attributes(&sample.labels),
            start_time_unix_nano: span.start_ns,
            time_unix_nano: span.now_ns,
            ..HistogramDataPoint::default()
        });
        match sample.name.strip_prefix(family.name) {
            Some("_sum") => point.sum = Some(sample.number()),
            Some("_count") => point.count = sample.value.parse().unwrap_or(0),
            _ => {
                let up_to: u64 = sample.value.parse().unwrap_or(0);
                let below: u64 = point.bucket_counts.iter().sum();
                point.bucket_counts.push(up_to.saturating_sub(below));
                let bound = sample.labels.iter().find(|(name, _)| *name == "le");
                let bound = bound.and_then(|(_, bound)| bound.parse::<f64>().ok());
                // The last bucket has no bound.
                point
                    .explicit_bounds
                    .extend(bound.filter(|bound| bound.is_finite()));
            }
        }
    }
    points.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# HELP postrider_events_accepted_total Events accepted
# TYPE postrider_events_accepted_total counter
postrider_events_accepted_total 7

# HELP process_cpu_seconds_total CPU
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.25
# TYPE postrider_lanes gauge
postrider_lanes{a=\"x \\\"y\\\\\",b=\"2\"} 3
# TYPE postrider_commit_duration_seconds histogram
postrider_commit_duration_seconds_bucket{route=\"/a\",le=\"0.5\"} 2
postrider_commit_duration_seconds_bucket{route=\"/a\",le=\"1\"} 2
postrider_commit_duration_seconds_bucket{route=\"/a\",le=\"+Inf\"} 5
postrider_commit_duration_seconds_sum{route=\"/a\"} 9.5
postrider_commit_duration_seconds_count{route=\"/a\"} 5
";

    #[test]
    fn counters_gauges_and_histograms_keep_names_units_labels_and_buckets() {
        let span = Span {
            start_ns: 1,
            now_ns: 2,
        };
        let metrics = metrics(TEXT, span);
        let named: Vec<_> = metrics
            .iter()
            .map(|metric| (metric.name.as_str(), metric.unit.as_str()))
            .collect();
        assert_eq!(
            named,
            [
                ("postrider_events_accepted_total", "1"),
                ("process_cpu_seconds_total", "s"),
                ("postrider_lanes", "1"),
                ("postrider_commit_duration_seconds", "s"),
            ]
        );
        assert_eq!(metrics[0].description, "Events accepted");
        let Some(Data::Sum(sum)) = &metrics[0].data else {
            panic!("{:?}", metrics[0]);
        };
        assert!(sum.is_monotonic);
        assert_eq!(sum.data_points[0].value, Some(Value::AsInt(7)));
        let Some(Data::Sum(sum)) = &metrics[1].data else {
            panic!("{:?}", metrics[1]);
        };
        assert_eq!(sum.data_points[0].value, Some(Value::AsDouble(1.25)));
        let Some(Data::Gauge(gauge)) = &metrics[2].data else {
            panic!("{:?}", metrics[2]);
        };
        let labels = [text("a", "x \"y\\"), text("b", "2")];
        assert_eq!(gauge.data_points[0].attributes, labels);
        let Some(Data::Histogram(histogram)) = &metrics[3].data else {
            panic!("{:?}", metrics[3]);
        };
        let point = &histogram.data_points[0];
        assert_eq!((point.count, point.sum), (5, Some(9.5)));
        assert_eq!(point.explicit_bounds, [0.5, 1.0]);
        assert_eq!(point.bucket_counts, [2, 0, 3]);
        assert_eq!(point.attributes, [text("route", "/a")]);
        assert_eq!(points(&metrics), 4);
    }
}
