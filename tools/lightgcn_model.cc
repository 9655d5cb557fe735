#include "tools/lightgcn_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/thread_pool.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/kernels/device/kernel_device.h"
#include "gnn/lightgcn/lightgcn_trainer.h"
#include "sampling/cuda_plugin.h"
#include "sampling/sample_device.h"
#include "tools/lightgcn_settings.h"
#include "tools/vector_model.h"

namespace weft::tools {
namespace {

// A GPU's memory and kernels on one stream. Throws Error saying what is missing where there is none.
struct Gpu {
  Gpu() {
    check_cuda(require_cuda(), require_cuda().create_stream(&stream), "making a stream");
    memory = sampling::cuda_sample_device(stream);
    kernels = gnn::cuda_kernel_device(stream);
  }
  ~Gpu() {
    memory.reset();
    require_cuda().destroy_stream(stream);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  void* stream = nullptr;
  std::unique_ptr<sampling::SampleDevice> memory;
  std::unique_ptr<gnn::KernelDevice> kernels;
};

class TrainableLightGcn final : public TrainableVectors {
 public:
  TrainableLightGcn(const gnn::LinkTask& task, const LightGcnSettings& settings, ThreadPool& pool)
      : task_(task), settings_(settings), model_(task.train, task.users, task.items, settings.model, pool) {}

  VectorKind kind() const override { return VectorKind::kLightGcn; }
  std::string settings() const override {
    const gnn::LightGcnOptions& m = settings_.model;
    return fmt::format("{} {} {} {} {} {} {}{}", m.dim, m.layers, m.l2, m.adam.learning_rate,
                       m.init_deviation, m.seed, settings_.batch,
                       settings_.on_gpu ? " rounded as on a GPU" : "");
  }
  std::vector<std::string> inputs() const override {
    return {"free vectors of users and items; propagation over all train events (not masked, as published)"};
  }
  void check_device() const override {
    if (settings_.on_gpu) require_cuda();
  }
  const gnn::VectorState& state() const override { return model_.state(); }
  void set_state(gnn::VectorState state) override { model_.set_state(std::move(state)); }
  std::size_t dim() const override { return settings_.model.dim; }

  void train(ProgressSink& progress, const std::function<bool(const Epoch&)>& end_of_epoch) override {
    const auto end = [&](const gnn::LightGcnEpoch& epoch, const gnn::LightGcn&) {
      return end_of_epoch({epoch.epoch, epoch.mean_loss, epoch.seconds});
    };
    const gnn::LightGcnTraining training{.epochs = settings_.rules.epochs, .batch = settings_.batch};
    if (!settings_.on_gpu) {
      gnn::train_lightgcn(model_, task_.train, training, progress, end);
      return;
    }
    const Gpu gpu;
    const gnn::LightGcnDevice device{*gpu.memory, *gpu.kernels};
    gnn::train_lightgcn(model_, task_.train, training, progress, end, &device);
  }

  // Zero where there is no train event: the random numbers that such a vector began with say nothing.
  NodeTypeVectors vectors() const override {
    const std::vector<float> all = model_.embeddings();
    const std::size_t dim = settings_.model.dim;
    const auto rows = [&](std::size_t first, const std::vector<std::uint8_t>& warm) {
      gnn::NodeVectors out{.rows = warm.size(), .dim = dim};
      out.values.assign(out.rows * dim, 0.0F);
      out.bias.assign(out.rows, 0.0F);
      for (std::size_t i = 0; i < out.rows; ++i) {
        if (warm[i] != 0)
          std::copy_n(all.begin() + static_cast<std::ptrdiff_t>((first + i) * dim), dim,
                      out.values.begin() + static_cast<std::ptrdiff_t>(i * dim));
      }
      return out;
    };
    return {.users = rows(0, task_.user_warm), .items = rows(task_.users, task_.item_warm)};
  }

 private:
  const gnn::LinkTask& task_;
  LightGcnSettings settings_;
  gnn::LightGcn model_;
};

}  // namespace

gnn::TrainResult train_lightgcn_model(Cli& cli, const ProjectContext& context,
                                      const std::filesystem::path& folder, bool resume) {
  const LightGcnSettings settings = read_lightgcn_settings(context.toml.root());
  ThreadPool pool(cli.threads());
  const gnn::LinkTask task = gnn::make_link_task(context.snapshot, context.split);
  TrainableLightGcn model(task, settings, pool);
  return train_vectors(cli, context, task, settings.rules, model, pool, folder, resume);
}

}  // namespace weft::tools
