/// Why a vocabulary cannot be trained as asked.
package enum TokenizerTrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    case vocabularyTooSmall(requested: Int, minimum: Int)

    package var description: String {
        switch self {
        case .vocabularyTooSmall(let requested, let minimum):
            "A vocabulary of \(requested) cannot hold the special tokens and the 256 bytes; ask for at least \(minimum)."
        }
    }
}

/// Learns a byte-level BPE vocabulary: merges the most frequent pair of neighbours, again and again.
///
/// Merges, ties and ids are those of the `tokenizers` library's `BpeTrainer` with the byte-level initial alphabet: of pairs
/// that are equally frequent the one of lowest ids comes first.
package struct TokenizerTrainer: Sendable {
    package var vocabularySize: Int
    /// They take the first ids.
    package var specialTokens: [String]

    package init(vocabularySize: Int, specialTokens: [String] = SpecialToken.allCases.map(\.rawValue)) {
        self.vocabularySize = vocabularySize
        self.specialTokens = specialTokens
    }

    /// The vocabulary of texts that hold no special tokens. It is smaller than asked for where the texts have too few pairs.
    package func train(on texts: some Sequence<String>) throws(TokenizerTrainingError) -> Tokenizer {
        var vocabulary = TrainingVocabulary()
        for token in specialTokens { _ = vocabulary.id(adding: token) }
        let added = vocabulary.spellings.enumerated().map { AddedToken(id: $0.offset, content: $0.element, isSpecial: true) }
        var byteTokens = Array(repeating: 0, count: 256)
        for byte in ByteAlphabet.bytesInSymbolOrder {
            byteTokens[Int(byte)] = vocabulary.id(adding: ByteAlphabet.spelling(of: [byte]))
        }
        guard vocabularySize >= vocabulary.spellings.count else {
            throw .vocabularyTooSmall(requested: vocabularySize, minimum: vocabulary.spellings.count)
        }

        var corpus = TrainingCorpus(texts, byteTokens: byteTokens)
        var ranks: [TokenPair: (rank: Int, token: Int)] = [:]
        var steps = 0
        while vocabulary.spellings.count < vocabularySize, let best = corpus.popMostFrequent() {
            let token = vocabulary.id(
                adding: vocabulary.spellings[best.pair.left] + vocabulary.spellings[best.pair.right])
            // A pair can come twice; like the library's, its rank is then the later one.
            ranks[best.pair] = (steps, token)
            steps += 1
            corpus.merge(best, into: token)
        }
        let merges = ranks.sorted { $0.value.rank < $1.value.rank }.map { TokenMerge(pair: $0.key, token: $0.value.token) }
        return Tokenizer(spellings: vocabulary.spellings, bytes: ByteTokens(byteTokens), merges: merges, addedTokens: added)
    }
}

/// Spellings in the order of their ids.
private struct TrainingVocabulary {
    private(set) var spellings: [String] = []
    private var ids: [String: Int] = [:]

    /// The id of a spelling, a new one where it has none.
    mutating func id(adding spelling: String) -> Int {
        if let id = ids[spelling] { return id }
        ids[spelling] = spellings.count
        spellings.append(spelling)
        return spellings.count - 1
    }
}
