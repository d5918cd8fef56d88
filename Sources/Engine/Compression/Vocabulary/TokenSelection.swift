import Words

/// Which tokens of a vocabulary stay, and their ids without the others: dense, in the order that they had.
package struct TokenSelection: Sendable {
    /// Their old ids, in rising order.
    package let kept: [Int]
    private let ids: [Int: Int]

    init(_ tokens: Set<Int>) {
        let kept = tokens.sorted()
        self.kept = kept
        ids = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($0.element, $0.offset) })
    }

    /// The new id of a token; `nil` for one that goes.
    package subscript(token: Int) -> Int? { ids[token] }
}

extension TokenSelection {
    /// The tokens that texts need, those that any other text is spelled with, and so many of the others as are wanted, the most
    /// frequent ones first.
    ///
    /// - Parameters:
    ///   - used: the tokens of all texts that must stay the same tokens.
    ///   - multiple: their number is rounded up to one of it.
    /// - Throws: where the texts need more tokens than may stay, or all may.
    package init(
        of tokenizer: Tokenizer, used: Set<Int>, keeping amount: KeptVocabulary, multiple: Int = 1
    ) throws(TokenSelectionError) {
        var closure = TokenClosure(tokenizer)
        var kept: Set<Int> = []
        for token in used.union(tokenizer.indispensableTokens).sorted() where !kept.contains(token) {
            kept.formUnion(closure.tokens(for: token))
        }
        let all = tokenizer.tokenCount
        let wanted =
            switch amount {
            case .used: kept.count
            case .tokens(let count): count
            case .share(let share): Int((share * Double(all)).rounded())
            }
        guard wanted >= kept.count else {
            throw TokenSelectionError(
                "the texts and what any other text is spelled with need \(kept.count) of the \(all) tokens, and 'vocabulary' "
                    + "keeps \(wanted): write 'vocabulary: used', or at least \(kept.count)")
        }
        guard wanted < all || amount == .used else {
            throw TokenSelectionError("the vocabulary has \(all) tokens, and 'vocabulary' keeps \(wanted): nothing would go")
        }
        let target = min(all, (wanted + multiple - 1) / multiple * multiple)
        for token in closure.byFrequency where kept.count < target && !kept.contains(token) {
            let further = closure.tokens(for: token).subtracting(kept)
            if kept.count + further.count <= target { kept.formUnion(further) }
        }
        self.init(kept)
    }

    /// The tokens that another tokenizer has.
    ///
    /// - Throws: where it has one that this tokenizer lacks.
    package init(of tokenizer: Tokenizer, like other: Tokenizer) throws(TokenSelectionError) {
        var ids: [Spelling: Int] = [:]
        for (id, spelling) in tokenizer.spellings.enumerated() {
            if let spelling { ids[Spelling(spelling)] = id }
        }
        var kept: Set<Int> = []
        for spelling in other.spellings {
            guard let spelling else { continue }
            guard let id = ids[Spelling(spelling)] else {
                throw TokenSelectionError("the tokenizer has no token '\(spelling)', which the other one has")
            }
            kept.insert(id)
        }
        self.init(kept)
    }
}

/// Tokens that cannot stay as asked.
package struct TokenSelectionError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension Tokenizer {
    /// Ids that have a token; a few may have none.
    package var tokenCount: Int { spellings.count { $0 != nil } }
}
