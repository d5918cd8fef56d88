/// Okapi BM25 over a list of documents (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond").
///
/// A document's score is Σ over the query's terms of ln(1 + (N − n + ½)/(n + ½)) · f·(k₁ + 1)/(f + k₁·(1 − b + b·l/m)):
/// N documents, n of them with the term, f its count in the document, l the document's length in terms, m the mean length.
package struct BM25: Sendable {
    /// k₁: how soon repetitions of a term stop adding to the score.
    package static let saturation = 1.2
    /// b: how much the score of long documents is reduced.
    package static let lengthNormalization = 0.75

    private struct Posting {
        let document: Int
        /// What an occurrence of the term in a query adds to the document's score.
        let weight: Double
    }

    private let postings: [String: [Posting]]
    private let count: Int

    package init(documents: [String]) {
        let lists = documents.map(SearchTerms.terms)
        let meanLength = Double(lists.reduce(0) { $0 + $1.count }) / Double(max(1, documents.count))
        var counts: [String: [(document: Int, count: Int)]] = [:]
        for (document, terms) in lists.enumerated() {
            for (term, group) in Dictionary(grouping: terms, by: \.self) {
                counts[term, default: []].append((document, group.count))
            }
        }
        postings = counts.mapValues { entries in
            let (total, holding) = (Double(documents.count), Double(entries.count))
            let rarity = PortableMath.log(1 + (total - holding + 0.5) / (holding + 0.5))
            return entries.map { entry in
                let length = Double(lists[entry.document].count) / meanLength
                let count = Double(entry.count)
                let damping = Self.saturation * (1 - Self.lengthNormalization + Self.lengthNormalization * length)
                return Posting(
                    document: entry.document, weight: rarity * count * (Self.saturation + 1) / (count + damping))
            }
        }
        count = documents.count
    }

    /// A score for each document; 0 where it has no term of the query.
    package func scores(for query: String) -> [Double] {
        var scores = [Double](repeating: 0, count: count)
        for term in SearchTerms.terms(of: query) {
            for posting in postings[term] ?? [] { scores[posting.document] += posting.weight }
        }
        return scores
    }
}

/// The words of a text or of a name that a search compares.
package enum SearchTerms {
    /// Runs of letters, marks and digits, in lower case.
    ///
    /// Names are divided into words: `AddToPlaylist`, `add_to_playlist` and "add to playlist" give the same terms, and
    /// `HTTPServer` gives `http` and `server`.
    package static func terms(of text: String) -> [String] {
        words(of: text).map { $0.lowercased() }
    }

    /// The same words in their original case.
    package static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func endWord() {
            if !word.isEmpty { words.append(String(word)) }
            word = String.UnicodeScalarView()
        }
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            guard isPart(scalar) else {
                endWord()
                continue
            }
            if let last = word.last, scalar.properties.isUppercase {
                let next = index + 1 < scalars.count ? scalars[index + 1] : nil
                if !last.properties.isUppercase || next?.properties.isLowercase == true { endWord() }
            }
            word.append(scalar)
        }
        endWord()
        return words
    }

    static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark,
            .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}
