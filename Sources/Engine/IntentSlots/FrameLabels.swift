import CanonicalJSON

/// What the heads of an intent and slot tagger choose from, learned from training rows (the systems that "From Large to
/// Super-Tiny", arXiv 2504.13471, replaces).
///
/// - `domain`: of the intent; no head where there is one domain.
/// - `intent`: the function, or none.
/// - `slots`: for each word whether it begins (`B-room`) or continues (`I-room`) the value of a slot, or belongs to none (`O`).
/// - `values`: values that no words of the question spell, such as `on=true`; only those that several rows have.
///
/// A row that wants several calls teaches its first one: a frame has one intent.
package struct FrameLabels: Hashable, Sendable {
    package let domains: FunctionDomains
    /// Sorted; the first is that of no call.
    package let intents: [String]
    package let slots: [String]
    /// `slot=JSON`, sorted.
    package let values: [String]
    /// Values by slot and by words in lower case, where the value is not what the words say.
    package let spellings: [String: [String: String]]
    /// Training rows with several calls.
    package let cutRows: Int

    /// Values that fewer rows have are not learned.
    private static let leastRows = 2
    private static let mostValues = 2000

    package init(_ rows: [Row], _ domains: FunctionDomains) {
        var (intents, slots) = (Set<String>(), Set<String>())
        var values: [String: Int] = [:]
        var spellings: [String: [String: String]] = [:]
        for row in rows {
            guard let call = row.answers.first else { continue }
            intents.insert(call.name)
            let spans = SlotSpans(call, in: QueryWords(row.query))
            for span in spans.found {
                slots.insert(span.slot)
                if span.text != span.value { spellings[span.slot, default: [:]][span.text.lowercased()] = span.value }
            }
            for value in spans.unspoken { values[value, default: 0] += 1 }
        }
        self.domains = domains
        self.intents = [IntentFrame.noIntent] + intents.sorted()
        self.slots = slots.sorted()
        let frequent = values.filter { $0.value >= Self.leastRows }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        self.values = frequent.prefix(Self.mostValues).map(\.key).sorted()
        self.spellings = spellings
        cutRows = rows.count { $0.answers.count > 1 }
    }

    private var domainNames: [String] { Set(intents.map(domains.domain(ofIntent:))).sorted() }

    /// The tags of words, `O` first.
    package var tags: [String] { ["O"] + slots.flatMap { ["B-" + $0, "I-" + $0] } }

    package var heads: [EncoderHead] {
        var heads = [EncoderHead(Self.intentHead, reading: .text, labels: intents)]
        if domains.tellApart { heads.append(EncoderHead(Self.domainHead, reading: .text, labels: domainNames)) }
        heads.append(EncoderHead(Self.slotHead, reading: .tokens, labels: tags))
        if !values.isEmpty {
            heads.append(EncoderHead(Self.valueHead, reading: .text, labels: values, isExclusive: false))
        }
        return heads
    }

    /// What a reader of the heads' scores needs beside their labels.
    package var json: JSON {
        [
            "domains": domains.json,
            "spellings": .object(spellings.mapValues { .object($0.mapValues(JSON.string)) }),
        ]
    }

    static let (intentHead, domainHead, slotHead, valueHead) = ("intent", "domain", "slots", "values")

    /// A row as the heads learn it.
    package func example(of row: Row, _ encoder: TunedEncoder) -> EncoderExample {
        let query = QueryWords(row.query)
        let (tokens, starts) = encoder.tokenizer.encode(words: query.words, atMost: encoder.sequenceLimit)
        let call = row.answers.first
        let spans = call.map { SlotSpans($0, in: query) }
        let intent = call?.name ?? IntentFrame.noIntent
        let targets = encoder.heads.map { head -> [Int32] in
            func place(_ label: String) -> Int32? { head.labels.firstIndex(of: label).map(Int32.init) }
            switch head.name {
            case Self.intentHead: return place(intent).map { [$0] } ?? []
            case Self.domainHead: return place(domains.domain(ofIntent: intent)).map { [$0] } ?? []
            case Self.valueHead: return (spans?.unspoken ?? []).compactMap(place).sorted()
            default:
                var targets = [Int32](repeating: -1, count: tokens.count)
                for (word, start) in starts.enumerated() {
                    guard let start else { continue }
                    targets[start] = place(spans?.tag(of: word) ?? "O") ?? 0
                }
                return targets
            }
        }
        return EncoderExample(tokens: tokens, targets: targets)
    }
}

/// Where the arguments of a call stand in its question.
struct SlotSpans {
    struct Span {
        let slot: String
        let words: Range<Int>
        /// As the question has it, and as the call has it.
        let text: String
        let value: String
    }

    private(set) var found: [Span] = []
    /// Arguments that no words of the question spell, as `slot=JSON`.
    private(set) var unspoken: [String] = []

    /// Longer values first: one may hold another.
    init(_ call: FunctionCall, in query: QueryWords) {
        let arguments = call.arguments.flatMap { name, value in
            (value.array ?? [value]).map { (name: name, value: $0, text: Self.spelled($0)) }
        }
        let sorted = arguments.sorted {
            ($1.text?.utf8.count ?? 0, $0.name, $0.value.canonicalText)
                < ($0.text?.utf8.count ?? 0, $1.name, $1.value.canonicalText)
        }
        for argument in sorted {
            if let text = argument.text, let words = query.place(of: text, outside: found.map(\.words)) {
                found.append(Span(slot: argument.name, words: words, text: query.text(of: words), value: text))
            } else if call.arguments[argument.name]?.array == nil {
                unspoken.append(argument.name + "=" + argument.value.canonical.canonicalText)
            }
        }
    }

    /// A value as words; `nil` for one that nobody would say so.
    private static func spelled(_ value: JSON) -> String? {
        if let text = value.string { return text.isEmpty ? nil : text }
        return value.double == nil ? nil : value.canonical.canonicalText
    }

    func tag(of word: Int) -> String {
        guard let span = found.first(where: { $0.words.contains(word) }) else { return "O" }
        return (word == span.words.lowerBound ? "B-" : "I-") + span.slot
    }
}
