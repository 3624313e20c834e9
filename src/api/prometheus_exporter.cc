#include "api/prometheus_exporter.h"

#include <array>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string>
#include <string_view>

#include <prometheus/text_serializer.h>

#include "api/prometheus_families.h"

namespace relay {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view counter_suffix = "_total";

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Summary:
      return "summary";
    case MetricType::Untyped:
      return "unknown";
  }
  return "unknown";
}

void append_number(std::string& out, double number) {
  if (std::isinf(number)) {
    out += number > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), end);
}

void append_sample(std::string& out, std::string_view name, const std::vector<ClientMetric::Label>& labels,
                   std::string_view bound, double number) {
  out += name;
  std::string inside;
  for (const ClientMetric::Label& label : labels) {
    if (!inside.empty()) inside += ',';
    inside += label.name + "=\"" + label.value + '"';  // our label values need no escapes
  }
  if (!bound.empty()) {
    if (!inside.empty()) inside += ',';
    inside += "le=\"" + std::string(bound) + '"';
  }
  if (!inside.empty()) out += '{' + inside + '}';
  out += ' ';
  append_number(out, number);
  out += '\n';
}

void append_histogram(std::string& out, const std::string& name, const ClientMetric& metric) {
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    std::string bound;
    append_number(bound, bucket.upper_bound);
    // OpenMetrics wants a float here even where it is whole.
    if (bound.find_first_of(".eI") == std::string::npos) bound += ".0";
    append_sample(out, name + "_bucket", metric.label, bound, static_cast<double>(bucket.cumulative_count));
  }
  const auto count = static_cast<double>(metric.histogram.sample_count);
  append_sample(out, name + "_bucket", metric.label, "+Inf", count);
  append_sample(out, name + "_count", metric.label, {}, count);
  append_sample(out, name + "_sum", metric.label, {}, metric.histogram.sample_sum);
}

// OpenMetrics 1.0: as the text format, but a counter's family is named without its suffix, and the end is
// marked.
std::string open_metrics(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    std::string base = family.name;
    if (family.type == MetricType::Counter && base.ends_with(counter_suffix)) {
      base.resize(base.size() - counter_suffix.size());
    }
    out += "# TYPE " + base + ' ' + std::string(type_name(family.type)) + '\n';
    out += "# HELP " + base + ' ' + family.help + '\n';
    for (const ClientMetric& metric : family.metric) {
      if (family.type == MetricType::Histogram) {
        append_histogram(out, base, metric);
      } else {
        const bool counter = family.type == MetricType::Counter;
        append_sample(out, family.name, metric.label, {},
                      counter ? metric.counter.value : metric.gauge.value);
      }
    }
  }
  out += "# EOF\n";
  return out;
}

}  // namespace

HttpResponse metrics_page(const NodeView& node, const HttpRequest& request) {
  const auto families = collect_families(node);
  if (request.header("Accept").value_or("").find("application/openmetrics-text") != std::string_view::npos) {
    return {.status = 200,
            .content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
            .body = open_metrics(families)};
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return {.status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8", .body = text.str()};
}

}  // namespace relay
