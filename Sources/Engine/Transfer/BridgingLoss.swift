import Words

/// A loss between a student and teachers whose vocabularies may differ, and cross entropy.
///
/// Each teacher's response is cut into spans. Of a span of several tokens the distribution at the last is compared, times the
/// probabilities of the tokens before it: so it is that of what ends the span, given what comes before the span. A response's
/// divergence is the mean over its spans, and counts as often as it has tokens.
package struct BridgingLoss: ResponseLoss {
    /// How two distributions over different vocabularies are compared.
    enum Comparison: Hashable {
        /// Σ |p − q| of the probabilities by falling size, the shorter list filled up with zeros.
        case sorted
        /// Tokens that both vocabularies have by JSD(β), the others as `sorted`.
        case shared(beta: Double)
    }

    let comparison: Comparison
    let weight, crossEntropy: Double
    /// τ: the logits of both are divided by it in the comparison.
    let temperature: Double
    let tail: LogitsTail
    /// How much the tokens count that both vocabularies have, the others counting the rest of 1; `nil` for the share that they
    /// are of the teacher's vocabulary.
    let sharedWeight: Double?
    /// Whether the tokens that end a span on both sides count as one token that both have: they end the same text. Of a piece
    /// that is several tokens to one side the vocabularies share no token, or another.
    let matchesPieces: Bool
    /// By teacher: its share, and what it has in common with the student.
    let teacherWeights: [Double]
    let shared: [SharedTokens]
    /// Terms that compare tokens of one vocabulary, and comparisons beyond the first.
    private let misfits: [Loss]

    /// - Parameter terms: ULD or GOLD, and perhaps CE.
    package init(
        _ terms: [LossTerm], temperature: Double = 1, tail: LogitsTail? = nil, sharedWeight: Double? = nil,
        matchesPieces: Bool = false, teacherWeights: [Double] = [1], shared: [SharedTokens]
    ) {
        func weight(_ losses: [Loss]) -> Double { terms.reduce(0) { $0 + (losses.contains($1.loss) ? $1.weight : 0) } }
        let aligned = terms.first { $0.loss == .aligned }
        let others = terms.map(\.loss).filter { $0 != .crossEntropy }
        misfits = others.filter { !$0.bridgesVocabularies } + others.filter(\.bridgesVocabularies).dropFirst()
        comparison = aligned.map { .shared(beta: $0.argument ?? Loss.aligned.standardArgument ?? 0.5) } ?? .sorted
        (self.weight, crossEntropy) = (weight([.universal, .aligned]), weight([.crossEntropy]))
        (self.temperature, self.tail) = (temperature, tail ?? (temperature == 1 ? .lump : .renormalize))
        (self.sharedWeight, self.teacherWeights, self.shared) = (sharedWeight, teacherWeights, shared)
        self.matchesPieces = matchesPieces
    }

    /// The spans that this loss compares.
    package func spans(_ student: SpelledResponse, _ teacher: SpelledResponse) -> [AlignedSpan] {
        switch comparison {
        case .sorted: AlignedSpan.byPlace(student: student.ends.count, teacher: teacher.ends.count)
        case .shared: AlignedSpan.byText(student, teacher)
        }
    }
}

extension BridgingLoss {
    package func check() throws(TrainingError) {
        if let misfit = misfits.first {
            throw TrainingError("\(misfit.rawValue) does not go with ULD or GOLD: keep one of them, and perhaps CE.")
        }
        guard weight > 0, crossEntropy >= 0, temperature > 0, temperature.isFinite else {
            throw TrainingError("A loss across vocabularies needs a weight and a temperature above 0.")
        }
        if tail == .lump, temperature != 1 {
            throw TrainingError(
                "The share of the lumped tokens is known at temperature 1 alone; renormalize at \(temperature).")
        }
        if case .shared(let beta) = comparison, !(0...1).contains(beta) {
            throw TrainingError("β of GOLD's divergence must lie between 0 and 1, not be \(beta).")
        }
        if let sharedWeight, !(0...1).contains(sharedWeight) {
            throw TrainingError("The weight of the shared tokens must lie between 0 and 1, not be \(sharedWeight).")
        }
        guard !shared.isEmpty, shared.count == teacherWeights.count, teacherWeights.allSatisfy({ $0 > 0 && $0.isFinite })
        else { throw TrainingError("Each teacher needs a weight above 0 and a vocabulary.") }
    }

    package func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String? {
        guard example.foreignTeachers.count == shared.count else {
            return "has logits of \(example.foreignTeachers.count) teachers; the loss needs those of \(shared.count)"
        }
        for (teacher, tokens) in zip(example.foreignTeachers, shared) {
            guard tokens.studentCount == vocabulary.count else {
                return "is for \(tokens.studentCount) tokens; the vocabulary has \(vocabulary.count)"
            }
            let known = 0..<Int32(tokens.teacherCount)
            guard teacher.logits.k > 0, teacher.logits.isWhole, teacher.logits.positionCount == teacher.tokens.count,
                (teacher.tokens + teacher.logits.topTokens).allSatisfy(known.contains)
            else { return "has teacher logits that do not fit the teacher's tokens" }
            var end = (student: 0, teacher: 0)
            for span in teacher.spans {
                guard !span.student.isEmpty, !span.teacher.isEmpty, span.student.lowerBound >= end.student,
                    span.teacher.lowerBound >= end.teacher, span.student.upperBound <= example.responseLength,
                    span.teacher.upperBound <= teacher.tokens.count
                else { return "has spans that are none of its response" }
                end = (span.student.upperBound, span.teacher.upperBound)
            }
        }
        return nil
    }

    /// A span's tokens belong together, for any teacher.
    package func stretches(of example: TrainingExample) -> [Range<Int>]? {
        var starts = [Bool](repeating: true, count: example.responseLength)
        for span in example.foreignTeachers.lazy.flatMap(\.spans) {
            for place in span.student.dropFirst() { starts[place] = false }
        }
        let places = starts.indices.filter { starts[$0] }
        return zip(places, places.dropFirst() + [starts.count]).map { $0..<$1 }
    }
}
