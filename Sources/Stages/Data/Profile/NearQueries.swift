/// Finds texts that are nearly the same: the words of the two, two by two, have a Jaccard index of 0.8 or more.
///
/// The search is exact. A pair that is near shares one of the rarest pairs of words of each, so that only texts are compared
/// which share one of these (prefix filtering: Chaudhuri, Ganti and Kaushik, 2006).
struct NearQueries {
    static let least = 0.8
    /// Texts with the same rare pairs that are compared with one text, at most: of templates, thousands have.
    private static let mostCompared = 2000

    /// Pairs of words of the known texts, rarest first; equal texts once.
    private var texts: [[UInt64]] = []
    /// Texts by their rare pairs.
    private var index: [UInt64: [Int]] = [:]
    private let frequencies: [UInt64: Int]

    init(_ known: some Sequence<String>) {
        let all = Set(known.map { Self.pairs(of: $0) })
        var frequencies: [UInt64: Int] = [:]
        for text in all { for pair in text { frequencies[pair, default: 0] += 1 } }
        self.frequencies = frequencies
        // In one order, whatever order a set has.
        for text in all.map({ Self.sorted($0, frequencies) }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            for pair in Self.rarest(text) { index[pair, default: []].append(texts.count) }
            texts.append(text)
        }
    }

    /// Whether one of the known texts is near.
    func contains(near text: String) -> Bool {
        let wanted = Self.sorted(Self.pairs(of: text), frequencies)
        guard !wanted.isEmpty else { return false }
        let members = Set(wanted)
        var seen: Set<Int> = []
        for pair in Self.rarest(wanted) {
            for candidate in index[pair] ?? [] where seen.count < Self.mostCompared && seen.insert(candidate).inserted {
                let other = texts[candidate]
                let smaller = Double(min(other.count, wanted.count))
                guard smaller >= Self.least * Double(max(other.count, wanted.count)) else { continue }
                let shared = other.count { members.contains($0) }
                if Double(shared) >= Self.least * Double(other.count + wanted.count - shared) { return true }
            }
        }
        return false
    }

    /// Every two words that follow each other, the text's ends among them, each pair once: lower case, without punctuation.
    static func pairs(of text: String) -> Set<UInt64> {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
        guard !words.isEmpty else { return [] }
        var pairs: Set<UInt64> = []
        var last = Self.hash(of: "")
        for word in words.map({ Self.hash(of: $0) }) + [Self.hash(of: "")] {
            pairs.insert(last &* 0x9E37_79B9_7F4A_7C15 ^ (last >> 29) ^ word)
            last = word
        }
        return pairs
    }

    /// FNV-1a.
    private static func hash(of word: some StringProtocol) -> UInt64 {
        word.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    private static func sorted(_ pairs: Set<UInt64>, _ frequencies: [UInt64: Int]) -> [UInt64] {
        pairs.sorted { (frequencies[$0] ?? 0, $0) < (frequencies[$1] ?? 0, $1) }
    }

    /// As many as a near text must share one of.
    private static func rarest(_ pairs: [UInt64]) -> ArraySlice<UInt64> {
        pairs.prefix(pairs.count - Int((least * Double(pairs.count)).rounded(.up)) + 1)
    }
}
