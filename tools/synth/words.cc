#include "tools/synth/words.h"

#include <fmt/format.h>

#include "base/error.h"

namespace weft::synth {
namespace {

constexpr std::array<CategoryWords, kCategories> kCategoryWords = {{
    {"Bags",
     "箱包",
     {"backpack", "tote", "satchel", "duffel", "pouch"},
     {"背包", "手提袋", "挎包", "旅行袋", "小包"}},
    {"Wallets",
     "钱包",
     {"wallet", "card holder", "coin purse", "clutch", "key case"},
     {"钱包", "卡包", "零钱包", "手拿包", "钥匙包"}},
    {"Shoes",
     "鞋靴",
     {"sneaker", "loafer", "boot", "sandal", "slipper"},
     {"运动鞋", "乐福鞋", "靴子", "凉鞋", "拖鞋"}},
    {"Hats",
     "帽子",
     {"cap", "beanie", "fedora", "beret", "sun hat"},
     {"鸭舌帽", "毛线帽", "礼帽", "贝雷帽", "遮阳帽"}},
    {"Lamps",
     "灯具",
     {"desk lamp", "lantern", "floor lamp", "night light", "pendant"},
     {"台灯", "灯笼", "落地灯", "小夜灯", "吊灯"}},
    {"Chairs",
     "椅凳",
     {"armchair", "stool", "rocker", "bench", "recliner"},
     {"扶手椅", "凳子", "摇椅", "长凳", "躺椅"}},
    {"Tables",
     "桌子",
     {"side table", "desk", "dining table", "console", "nightstand"},
     {"边桌", "书桌", "餐桌", "玄关桌", "床头柜"}},
    {"Rugs",
     "地毯",
     {"rug", "runner", "doormat", "carpet", "floor mat"},
     {"地毯", "长条毯", "门垫", "大地毯", "脚垫"}},
    {"Cups",
     "杯子",
     {"mug", "tumbler", "teacup", "goblet", "flask"},
     {"马克杯", "随行杯", "茶杯", "高脚杯", "保温杯"}},
    {"Plates",
     "餐盘",
     {"plate", "bowl", "platter", "saucer", "tray"},
     {"盘子", "碗", "大盘", "茶碟", "托盘"}},
    {"Knives",
     "刀具",
     {"chef knife", "paring knife", "cleaver", "bread knife", "peeler"},
     {"主厨刀", "水果刀", "砍骨刀", "面包刀", "削皮刀"}},
    {"Pans",
     "锅具",
     {"skillet", "saucepan", "wok", "griddle", "stockpot"},
     {"煎锅", "奶锅", "炒锅", "烤盘", "汤锅"}},
    {"Speakers",
     "音箱",
     {"speaker", "soundbar", "radio", "subwoofer", "turntable"},
     {"音箱", "回音壁", "收音机", "低音炮", "唱机"}},
    {"Headphones",
     "耳机",
     {"headphones", "earbuds", "headset", "monitor", "neckband"},
     {"头戴耳机", "耳塞", "耳麦", "监听耳机", "颈挂耳机"}},
    {"Keyboards",
     "键盘",
     {"keyboard", "keypad", "keycap set", "wrist rest", "mouse"},
     {"键盘", "小键盘", "键帽", "腕托", "鼠标"}},
    {"Clocks",
     "钟表",
     {"wall clock", "alarm clock", "watch", "timer", "hourglass"},
     {"挂钟", "闹钟", "手表", "计时器", "沙漏"}},
    {"Scarves",
     "围巾",
     {"scarf", "shawl", "bandana", "wrap", "stole"},
     {"围巾", "披肩", "方巾", "披巾", "披帛"}},
    {"Jackets",
     "外套",
     {"jacket", "parka", "blazer", "raincoat", "vest"},
     {"夹克", "派克大衣", "西装外套", "雨衣", "马甲"}},
    {"Shirts",
     "衬衫",
     {"shirt", "tee", "polo", "blouse", "henley"},
     {"衬衫", "短袖", "马球衫", "女衫", "亨利衫"}},
    {"Jewellery",
     "首饰",
     {"ring", "necklace", "bracelet", "earrings", "brooch"},
     {"戒指", "项链", "手链", "耳环", "胸针"}},
    {"Tents",
     "帐篷",
     {"tent", "tarp", "hammock", "sleeping bag", "camp cot"},
     {"帐篷", "天幕", "吊床", "睡袋", "行军床"}},
    {"Bikes",
     "骑行",
     {"bicycle", "helmet", "saddle", "bike light", "pannier"},
     {"自行车", "头盔", "车座", "车灯", "驮包"}},
    {"Toys",
     "玩具",
     {"puzzle", "kite", "doll", "train set", "yo-yo"},
     {"拼图", "风筝", "娃娃", "小火车", "溜溜球"}},
    {"Planters",
     "花盆",
     {"planter", "vase", "watering can", "trellis", "terrarium"},
     {"花盆", "花瓶", "浇水壶", "花架", "玻璃花房"}},
}};

// Dimension 0: from rough and natural to refined and technical. Dimension 1: from plain and sober to rich and
// playful.
constexpr std::array<std::array<WordScale, 2>, kTextDims> kScales = {{
    {{{{"driftwood", "jute", "stoneware", "hemp", "canvas", "oak", "leather", "brass", "steel", "titanium",
        "carbon"},
       {"浮木", "黄麻", "粗陶", "麻布", "帆布", "橡木", "皮革", "黄铜", "钢", "钛", "碳纤维"}},
      {{"primitive", "rustic", "rugged", "earthy", "handmade", "classic", "tailored", "sleek", "precise",
        "engineered", "futuristic"},
       {"原始", "乡村", "粗犷", "质朴", "手工", "经典", "考究", "流畅", "精密", "工程", "未来感"}}}},
    {{{{"ascetic", "bare", "austere", "plain", "quiet", "balanced", "lively", "ornate", "lavish", "whimsical",
        "flamboyant"},
       {"清苦", "素净", "朴素", "简单", "安静", "匀称", "活泼", "雕饰", "奢华", "俏皮", "张扬"}},
      {{"monastic", "spare", "restrained", "simple", "calm", "easygoing", "cheerful", "decorative", "festive",
        "carnival", "baroque"},
       {"禅意", "留白", "克制", "简约", "平和", "随和", "欢快", "装饰", "节庆", "狂欢", "巴洛克"}}}},
}};

constexpr std::array<std::string_view, 40> kBrandHeads = {
    "Harbor", "Northwind", "Juniper",  "Copperfield", "Larkspur", "Meridian", "Foxglove", "Granite",
    "Hollis", "Ironwood",  "Kestrel",  "Lumen",       "Marlow",   "Nimbus",   "Orchard",  "Pinecrest",
    "Quarry", "Redfern",   "Solstice", "Thistle",     "Umber",    "Verano",   "Wexford",  "Yarrow",
    "Zephyr", "Ashdown",   "Bramble",  "Calder",      "Dunmore",  "Everly",   "Fathom",   "Glasswing",
    "Heron",  "Indigo",    "Jasper",   "Kindred",     "Lowell",   "Mistral",  "Nettle",   "Oakline"};
constexpr std::array<std::string_view, 50> kBrandTails = {
    "Works",  "& Co",    "Supply",  "Studio",     "Goods", "Brothers", "House",      "Lab",    "Trading",
    "Craft",  "Union",   "Atelier", "Outfitters", "Mill",  "Foundry",  "Collective", "Makers", "Guild",
    "Depot",  "Bazaar",  "Row",     "Lane",       "Pier",  "Yard",     "Cellar",     "Loft",   "Attic",
    "Garden", "Field",   "Forge",   "Press",      "Port",  "Bay",      "Ridge",      "Valley", "Brook",
    "Stone",  "Grove",   "Point",   "Cross",      "Gate",  "Hill",     "Shore",      "Wharf",  "Market",
    "Corner", "Terrace", "Square",  "Bridge",     "Dale"};

constexpr std::array<std::string_view, 40> kSeries = {
    "Alder", "Birch",  "Cedar",  "Dune",  "Ember", "Fjord",  "Gale",  "Hazel",  "Iris",  "Jetty",
    "Knoll", "Linden", "Maple",  "Nova",  "Opal",  "Pebble", "Quill", "Reed",   "Sable", "Tide",
    "Ursa",  "Vale",   "Willow", "Xenia", "Yew",   "Zenith", "Aspen", "Bluff",  "Cove",  "Delta",
    "Elm",   "Fern",   "Glen",   "Haven", "Isle",  "Juno",   "Kelp",  "Lagoon", "Moss",  "Nook"};

constexpr std::array<std::string_view, 40> kCities = {
    "Shanghai", "Beijing", "Chengdu",   "Hangzhou", "Shenzhen",   "Wuhan",  "Xi'an",    "Nanjing",
    "London",   "Leeds",   "Bristol",   "Glasgow",  "Dublin",     "Paris",  "Lyon",     "Berlin",
    "Hamburg",  "Munich",  "Vienna",    "Zurich",   "Madrid",     "Lisbon", "Rome",     "Milan",
    "Athens",   "Oslo",    "Stockholm", "Helsinki", "Copenhagen", "Warsaw", "Prague",   "Toronto",
    "Montreal", "Boston",  "Chicago",   "Seattle",  "Austin",     "Sydney", "Auckland", "Singapore"};

}  // namespace

const CategoryWords& category_words(std::size_t category) {
  return kCategoryWords.at(category);
}

const WordScale& word_scale(std::size_t dim, std::size_t which) {
  return kScales.at(dim).at(which);
}

std::string brand_name(std::size_t brand) {
  if (brand < kBrandHeads.size()) return std::string(kBrandHeads[brand]);
  const std::size_t rest = brand - kBrandHeads.size();
  const std::size_t tail = rest / kBrandHeads.size();
  WEFT_CHECK(tail < kBrandTails.size());
  return fmt::format("{} {}", kBrandHeads[rest % kBrandHeads.size()], kBrandTails[tail]);
}

std::string series_name(std::size_t series) {
  const std::string_view name = kSeries[series % kSeries.size()];
  const std::size_t round = series / kSeries.size();
  return round == 0 ? std::string(name) : fmt::format("{} {}", name, round + 1);
}

std::size_t series_names() {
  return kSeries.size();
}

std::string_view city_name(std::size_t city) {
  return kCities.at(city);
}

}  // namespace weft::synth
