// Files of fitted encoders, behind a checksum that is put right: they load, or are refused; what loads
// encodes.
// Parser: encoders/model_file.cc encoders/options.cc:load_encoder encoders/text/text_encoder.cc:load
// encoders/text/text_encoder.cc:options_of encoders/text/tfidf.cc:find encoders/text/tfidf.cc:weigh
// encoders/image/image_encoder.cc:load encoders/audio/audio_encoder.cc:load encoders/descriptor.cc:load
#include "encoders/options.h"
#include "tests/encoders/media.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/model_bytes.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

using namespace encoders;

const test::TempFolder& folder() {
  static const test::TempFolder instance(test::in_memory());
  return instance;
}

std::vector<std::string> media(Modality modality) {
  std::vector<std::string> out;
  for (int i = 0; i < 4; ++i) {
    if (modality == Modality::kText)
      out.push_back("good chair number " + std::to_string(i) + " \xE4\xB8\xAD");
    if (modality == Modality::kImage)
      out.push_back(png_bytes(gradient_image(static_cast<std::size_t>(20 + 5 * i), 24)));
    if (modality == Modality::kAudio) out.push_back(wav_bytes(sine(200.0 * (i + 1), 8000, 0.2), 8000));
  }
  return out;
}

std::vector<Asset> assets_of(Modality modality, const std::vector<std::string>& bytes) {
  std::vector<Asset> out = {Asset::missing()};
  for (const std::string& each : bytes)
    out.push_back(modality == Modality::kText ? Asset::text(each) : Asset::media(each));
  return out;
}

}  // namespace

Seeds seeds() {
  EncoderOptions options;
  options.text.dim = options.image.reduction.dim = options.audio.reduction.dim = 3;
  options.text.tfidf.min_df = 1;
  Seeds out;
  for (const Modality modality : {Modality::kText, Modality::kImage, Modality::kAudio}) {
    const std::vector<std::string> bytes = media(modality);
    save_encoder(*fit_encoder(modality, assets_of(modality, bytes), options), folder() / "fitted");
    out.accepted.push_back(without_checksum(real_files().read_whole(folder() / "fitted")));
  }
  return out;
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_model(input, random);
}

void run(std::string_view input) {
  static const std::vector<std::string> texts = media(Modality::kText);
  static const std::vector<std::string> pictures = media(Modality::kImage);
  write_file(folder() / "encoder", with_checksum(input));
  parses([&] {
    const auto encoder = load_encoder(folder() / "encoder");
    for (const auto& assets : {assets_of(Modality::kText, texts), assets_of(Modality::kImage, pictures)}) {
      const Encoded encoded = encoder->encode(assets);
      FUZZ_CHECK(encoded.rows == assets.size() && encoded.dim == encoder->dim());
      FUZZ_CHECK(encoded.values.size() == encoded.rows * encoded.dim && encoded.present[0] == 0);
    }
  });
}

}  // namespace weft::fuzz
