import Words

/// Writes a question otherwise, as the name of a draw decides: equal names, equal variations.
///
/// Phrases are added first, then contractions, typing errors, case, the mark at the end and white space.
struct UtteranceVariation {
    /// Who reads the variations: a quarter of the phrases is kept from training.
    enum Audience: Hashable, Sendable {
        case training
        case robust
    }

    struct Varied: Hashable {
        var text: String
        /// In the order of their declaration.
        var variations: [QueryVariation]
    }

    let variations: Set<QueryVariation>
    let language: UtteranceLanguage
    let audience: Audience
    let seed: Int

    /// Chances of the variations, by how often people write so.
    private static let chances: [(QueryVariation, Double)] = [
        (.politeness, 0.3), (.fillers, 0.2), (.contractions, 0.5), (.typos, 0.3), (.letterCase, 0.8), (.punctuation, 0.6),
        (.spacing, 0.06),
    ]

    /// - Parameter stream: names the draw.
    func varied(_ query: String, protecting words: ProtectedWords, stream: String) -> Varied {
        var random = RowRandom(seed: seed, stream: "augment/\(stream)")
        let drawn = Self.chances.filter { random.unit() < $0.1 }.map(\.0).filter(variations.contains)
        // Nothing drawn would be nothing varied.
        let chosen = drawn.isEmpty ? Self.chances.map(\.0).filter { $0 == .letterCase || $0 == .punctuation } : drawn
        var text = UtteranceText(query, protecting: words)
        var applied: Set<QueryVariation> = []
        for variation in chosen where variations.contains(variation) {
            let before = text
            apply(variation, to: &text, &random)
            if text != before { applied.insert(variation) }
        }
        return Varied(text: text.text, variations: QueryVariation.allCases.filter(applied.contains))
    }

    private func apply(_ variation: QueryVariation, to text: inout UtteranceText, _ random: inout RowRandom) {
        switch variation {
        case .politeness, .fillers:
            guard language == .english else { return }
            let phrases = variation == .politeness ? EnglishPhrases.polite : EnglishPhrases.fillers
            if let phrase = random.element(of: phrases.known(to: audience)) { text.add(phrase) }
        case .contractions: if language == .english { text.changeContraction(&random) }
        case .typos: text.mistype(&random)
        case .letterCase: text.changeCase(LetterCase.drawn(&random))
        case .punctuation: text.changeEnd(&random)
        case .spacing: text.addSpace(&random)
        }
    }
}

extension RowRandom {
    /// A number in [0, 1).
    mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// `nil` where there is nothing to choose from.
    mutating func element<Elements: RandomAccessCollection>(of elements: Elements) -> Elements.Element? {
        guard !elements.isEmpty else { return nil }
        return elements[elements.index(elements.startIndex, offsetBy: index(below: elements.count))]
    }
}
