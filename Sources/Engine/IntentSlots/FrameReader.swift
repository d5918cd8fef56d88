import CanonicalJSON

/// Reads the scores of an intent and slot tagger as a call.
///
/// The domain is the most probable one, the intent the most probable one of this domain. Words are tagged with slots that the
/// intent's function has; a slot without words has the most probable of the values that nobody says, if one is more probable
/// than not.
package struct FrameReader: Sendable {
    private let heads: [EncoderHead]
    private let intents: Int
    private let slots: Int
    private let domains: FunctionDomains
    private let spellings: [String: [String: String]]

    /// - Parameter json: of the labels that the heads were trained with.
    /// - Throws: an error where the heads are not those of a tagger.
    package init(_ heads: [EncoderHead], json: JSON) throws(RowError) {
        guard let intents = heads.firstIndex(where: { $0.name == FrameLabels.intentHead && $0.reading == .text }),
            let slots = heads.firstIndex(where: { $0.name == FrameLabels.slotHead && $0.reading == .tokens })
        else { throw RowError("the encoder has no heads for intents and slots") }
        (self.heads, self.intents, self.slots) = (heads, intents, slots)
        domains = FunctionDomains(json: json["domains"] ?? [:])
        spellings = (json["spellings"]?.object ?? [:]).mapValues { ($0.object ?? [:]).compactMapValues(\.string) }
    }

    /// The call that a question wants; none where none is wanted.
    ///
    /// - Parameters:
    ///   - starts: the place of each word's first token.
    ///   - functions: definitions by name.
    package func calls(
        for query: QueryWords, starts: [Int?], _ scores: EncoderScores, functions: [String: FunctionDefinition]
    ) -> [FunctionCall] {
        let intent = intent(scores)
        guard intent != IntentFrame.noIntent else { return [] }
        let function = functions[intent]
        var arguments: [String: JSON] = [:]
        for (slot, words) in spans(starts, scores, of: function) {
            let text = query.text(of: words)
            let spelled = spellings[slot]?[text.lowercased()] ?? text
            let schema = function?.schema(of: slot)
            if schema?["type"]?.string == "array" {
                let element = Self.value(spelled, schema?["items"])
                arguments[slot] = .array((arguments[slot]?.array ?? []) + [element])
            } else if arguments[slot] == nil {
                arguments[slot] = Self.value(spelled, schema)
            }
        }
        for (slot, value) in unspoken(scores, of: function) where arguments[slot] == nil { arguments[slot] = value }
        return [FunctionCall(name: intent, arguments: arguments)]
    }

    private func intent(_ scores: EncoderScores) -> String {
        let labels = heads[intents].labels
        let logits = scores.logits[intents]
        var allowed = Array(labels.indices)
        if let head = heads.firstIndex(where: { $0.name == FrameLabels.domainHead }),
            let best = scores.logits[head].indices.largest(by: { scores.logits[head][$0] })
        {
            let domain = heads[head].labels[best]
            let inside = allowed.filter { domains.domain(ofIntent: labels[$0]) == domain }
            if !inside.isEmpty { allowed = inside }
        }
        return allowed.largest { logits[$0] }.map { labels[$0] } ?? IntentFrame.noIntent
    }

    /// Runs of words with one slot, in the question's order.
    private func spans(
        _ starts: [Int?], _ scores: EncoderScores, of function: FunctionDefinition?
    ) -> [(slot: String, words: Range<Int>)] {
        let labels = heads[slots].labels
        let logits = scores.logits[slots]
        let allowed = labels.indices.filter { place in
            place == 0 || function?.schema(of: Self.slot(of: labels[place])) != nil
        }
        var spans: [(slot: String, words: Range<Int>)] = []
        for (word, start) in starts.enumerated() {
            guard let start, let best = allowed.largest(by: { logits[start * labels.count + $0] }), best != 0 else { continue }
            let slot = Self.slot(of: labels[best])
            if labels[best].hasPrefix("I-"), let last = spans.last, last.slot == slot, last.words.upperBound == word {
                spans[spans.count - 1].words = last.words.lowerBound..<word + 1
            } else {
                spans.append((slot, word..<word + 1))
            }
        }
        return spans
    }

    private static func slot(of tag: String) -> String { String(tag.dropFirst(2)) }

    /// The most probable value of each slot that is more probable than not.
    private func unspoken(_ scores: EncoderScores, of function: FunctionDefinition?) -> [(slot: String, value: JSON)] {
        guard let head = heads.firstIndex(where: { $0.name == FrameLabels.valueHead }) else { return [] }
        var best: [String: (logit: Float, value: JSON)] = [:]
        for (place, label) in heads[head].labels.enumerated() {
            let logit = scores.logits[head][place]
            guard logit > 0, let sign = label.firstIndex(of: "="),
                let value = try? JSON(parsing: label[label.index(after: sign)...].utf8)
            else { continue }
            let slot = String(label[..<sign])
            guard function?.schema(of: slot) != nil, logit > best[slot]?.logit ?? 0 else { continue }
            best[slot] = (logit, value)
        }
        return best.sorted { $0.key < $1.key }.map { ($0.key, $0.value.value) }
    }

    /// Words as a value of a schema: a number where one is wanted, an enumerated text in its own spelling, else the text.
    private static func value(_ text: String, _ schema: JSON?) -> JSON {
        let allowed = (schema?["enum"]?.array ?? []).first { $0.string?.lowercased() == text.lowercased() }
        if let allowed { return allowed }
        guard ["integer", "number", "float"].contains(schema?["type"]?.string ?? ""),
            let number = try? JSON(parsing: text.utf8), number.isNumber
        else { return .string(text) }
        return number
    }
}

extension Collection {
    /// The first of the elements with the largest score.
    fileprivate func largest(by score: (Element) -> Float) -> Element? {
        var best: (element: Element, score: Float)?
        for element in self {
            let own = score(element)
            if best.map({ own > $0.score }) ?? true { best = (element, own) }
        }
        return best?.element
    }
}
