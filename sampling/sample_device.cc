#include "sampling/sample_device.h"

#include <cstring>
#include <new>

#include "sampling/cuda_plugin.h"

namespace weft::sampling {
namespace {

void running_sums(const std::uint32_t* values, std::uint32_t count, std::uint32_t* sums) {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    sums[i] = sum;
    sum += values[i];
  }
}

// One batch on the host: the kernels of sample_plan.cu, each as a loop.
class HostBatch {
 public:
  explicit HostBatch(const SamplePlan& plan) : plan_(plan) {}

  void run() {
    for (std::uint32_t type = 0; type < plan_.type_count; ++type) {
      for (std::uint32_t i = 0; i < plan_.seed_counts[type]; ++i) place_seed<PlainMemory>(plan_, type, i);
    }
    open_batch(plan_);
    for (std::uint32_t hop = 0; hop < plan_.hop_count; ++hop) run_hop(plan_.hops[hop]);
  }

 private:
  template <typename Body>  // body(task, row of the task)
  void each_row(const PlanHop& hop, const Body& body) const {
    for (std::uint32_t t = hop.first_task; t < hop.first_task + hop.tasks; ++t) {
      const PlanTask& task = plan_.tasks[t];
      const std::uint32_t rows = task_rows(plan_, task);
      for (std::uint32_t row = 0; row < rows; ++row) body(task, row);
    }
  }
  template <typename Body>  // body(task, row of the task, pick of the hop)
  void each_pick(const PlanHop& hop, const Body& body) const {
    each_row(hop, [&](const PlanTask& task, std::uint32_t row) {
      const std::uint32_t count = plan_.row_counts[task.first_row + row];
      for (std::uint32_t j = 0; j < count; ++j) body(task, row, pick_at(task, row, j));
    });
  }
  std::uint32_t tree_of(const PlanTask& task, std::uint32_t row) const {
    return plan_.types[task.row_type].trees[task_first_local(plan_, task) + row];
  }

  void run_hop(const PlanHop& hop) const {
    std::fill_n(plan_.row_counts, hop.rows + 1, 0u);
    std::fill_n(plan_.is_new, hop.picks + 1, 0u);
    each_row(hop, [&](const PlanTask& task, std::uint32_t row) { pick(task, row); });
    each_pick(hop,
              [&](const PlanTask& task, std::uint32_t, std::uint32_t at) { mark_pick(plan_, task, at); });
    running_sums(plan_.is_new, hop.picks + 1, plan_.ranks);
    running_sums(plan_.row_counts, hop.rows + 1, plan_.row_starts);
    each_pick(hop, [&](const PlanTask& task, std::uint32_t row, std::uint32_t at) {
      place_pick(plan_, task, tree_of(task, row), at);
    });
    each_row(hop, [&](const PlanTask& task, std::uint32_t row) {
      const std::uint32_t begin = close_row(plan_, task, row);
      const std::uint32_t count = plan_.row_counts[task.first_row + row];
      for (std::uint32_t j = 0; j < count; ++j) emit_pick(plan_, task, pick_at(task, row, j), begin + j);
    });
    close_hop(plan_, hop);
  }

  void pick(const PlanTask& task, std::uint32_t number) const {
    std::uint32_t tree = 0;
    const PickRow row = row_of(plan_, task, number, &tree);
    std::uint32_t* const picks = plan_.edges + pick_at(task, number, 0);
    std::uint32_t count = first_picks(row, picks);
    if (row.hidden.count > 0 && hits_hidden(row, picks, count)) count = allowed_picks(row, picks, count);
    plan_.row_counts[task.first_row + number] = count;
    for (std::uint32_t j = 0; j < count; ++j)
      claim_pick<PlainMemory>(plan_, task, row, tree, pick_at(task, number, j));
  }

  const SamplePlan& plan_;
};

class HostDevice final : public SampleDevice {
 public:
  void* allocate(std::size_t bytes) override { return ::operator new(bytes); }
  void release(void* memory) noexcept override { ::operator delete(memory); }
  void* allocate_pinned(std::size_t bytes) override { return allocate(bytes); }
  void release_pinned(void* memory) noexcept override { release(memory); }
  void fill(void* to, std::uint8_t byte, std::size_t bytes) override { std::memset(to, byte, bytes); }
  void to_device(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes); }
  void to_host(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes); }
  void synchronize() override {}
  std::size_t sum_scratch(std::uint32_t) override { return 1; }
  void sample(const SamplePlan& plan) override {
    for (std::uint32_t type = 0; type < plan.type_count; ++type) {
      const PlanNodeType& nodes = plan.host_types[type];
      if (nodes.keys != nullptr) std::fill_n(nodes.keys, nodes.slots, kNoKey);
    }
    HostBatch(plan).run();
  }
  void* record(const SamplePlan& plan) override { return const_cast<SamplePlan*>(&plan); }
  void replay(void* recorded) override { sample(*static_cast<const SamplePlan*>(recorded)); }
  void forget(void*) noexcept override {}
  void negatives(const NegativeJob& job) override {
    for (std::uint32_t i = 0; i < job.count; ++i) {
      const graph::TimeMs before = job.before == nullptr ? graph::kEndOfTime : job.before[i];
      for (std::uint32_t j = 0; j < job.per_row; ++j) {
        job.out[std::size_t{i} * job.per_row + j] =
            draw_negative(job.tables, job.key, job.rows[i], job.keys[i], before, j);
      }
    }
  }

 private:
  static void copy(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
};

class CudaDevice final : public SampleDevice {
 public:
  explicit CudaDevice(void* stream) : table_(require_cuda()), stream_(stream) {
    if (stream_ != nullptr) return;
    check(table_.create_stream(&stream_), "making a stream");
    owned_ = true;
  }
  ~CudaDevice() override {
    if (owned_) table_.destroy_stream(stream_);
  }
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    check(table_.allocate(&memory, bytes), "allocating memory of the device");
    return memory;
  }
  void release(void* memory) noexcept override { table_.release(memory); }
  void* allocate_pinned(std::size_t bytes) override {
    void* memory = nullptr;
    check(table_.allocate_pinned(&memory, bytes), "allocating pinned memory");
    return memory;
  }
  void release_pinned(void* memory) noexcept override { table_.release_pinned(memory); }
  void fill(void* to, std::uint8_t byte, std::size_t bytes) override {
    check(table_.fill(to, byte, bytes, stream_), "filling memory");
  }
  void to_device(void* to, const void* from, std::size_t bytes) override {
    check(table_.copy_to_device(to, from, bytes, stream_), "copying to the device");
  }
  void to_host(void* to, const void* from, std::size_t bytes) override {
    check(table_.copy_to_host(to, from, bytes, stream_), "copying from the device");
  }
  void synchronize() override { check(table_.synchronize(stream_), "running on the device"); }
  std::size_t sum_scratch(std::uint32_t numbers) override {
    std::size_t bytes = 0;
    check(table_.sum_scratch(numbers, &bytes), "asking for scratch");
    return bytes;
  }
  void sample(const SamplePlan& plan) override { check(table_.sample(&plan, stream_), "sampling"); }
  void* record(const SamplePlan& plan) override {
    void* recorded = nullptr;
    check(table_.sample_record(&plan, stream_, &recorded), "recording the launches");
    return recorded;
  }
  void replay(void* recorded) override { check(table_.graph_replay(recorded, stream_), "sampling"); }
  void forget(void* recorded) noexcept override { table_.graph_release(recorded); }
  void negatives(const NegativeJob& job) override {
    check(table_.negatives(&job, stream_), "drawing negatives");
  }

 private:
  void check(int error, const char* what) const { check_cuda(table_, error, what); }

  const CudaTable& table_;
  void* stream_;
  bool owned_ = false;
};

}  // namespace

std::unique_ptr<SampleDevice> host_sample_device() {
  return std::make_unique<HostDevice>();
}

std::unique_ptr<SampleDevice> cuda_sample_device(void* stream) {
  return std::make_unique<CudaDevice>(stream);
}

}  // namespace weft::sampling
