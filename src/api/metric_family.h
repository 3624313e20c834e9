#pragma once
// A family of metrics while it is collected, and the values of probes in its terms. Threading: a value of its
// owner.

#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "base/counter.h"

namespace relay {

// One family and the samples that are added to it.
class Family {
 public:
  Family(std::vector<prometheus::MetricFamily>& families, const std::string& name, std::string help,
         prometheus::MetricType type)
      : family_(&families.emplace_back(
            prometheus::MetricFamily{"socket_relay_" + name, std::move(help), type, {}})) {}

  void add(double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    (family_->type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_->metric.push_back(std::move(metric));
  }
  void add_histogram(prometheus::ClientMetric::Histogram histogram) {
    prometheus::ClientMetric metric;
    metric.histogram = std::move(histogram);
    family_->metric.push_back(std::move(metric));
  }

 private:
  prometheus::MetricFamily* family_;
};

[[nodiscard]] inline double value(const Counter& counter) {
  return static_cast<double>(counter.value());
}
[[nodiscard]] inline double value(const Gauge& gauge) {
  return static_cast<double>(gauge.value());
}

// The sum of several threads' histograms.
[[nodiscard]] prometheus::ClientMetric::Histogram merge(const std::vector<const LatencyHistogram*>& parts);

}  // namespace relay
