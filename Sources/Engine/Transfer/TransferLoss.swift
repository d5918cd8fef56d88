import Words

/// A weighted sum of losses over the response's tokens, and perhaps the prompt's.
///
/// p is the teacher's distribution, q the student's. Divergences run over the teacher's stored tokens, `tail` says what
/// becomes of all others; cross entropy runs over the whole vocabulary.
package struct TransferLoss: TokenLoss, Hashable {
    package var terms: [LossTerm]
    /// τ: teacher and student logits are divided by it in the divergences, whose value is multiplied by τ².
    package var temperature: Double
    package var tail: LogitsTail
    package var promptShare: Double
    /// Each teacher's share of the divergences.
    package var teacherWeights: [Double]

    /// - Parameter tail: by default what the temperature allows: `lump` at 1, else `renormalize`.
    package init(
        _ terms: [LossTerm], temperature: Double = 1, tail: LogitsTail? = nil, promptShare: Double = 0,
        teacherWeights: [Double] = [1]
    ) {
        (self.terms, self.temperature) = (terms, temperature)
        self.tail = tail ?? (temperature == 1 ? .lump : .renormalize)
        (self.promptShare, self.teacherWeights) = (promptShare, teacherWeights)
    }

    package var needsTeacher: Bool { terms.contains { $0.loss != .crossEntropy } }
}

extension ResponseLoss where Self == TransferLoss {
    package static var crossEntropy: TransferLoss { TransferLoss([.init(.crossEntropy, weight: 1)]) }
}

extension TransferLoss {
    package func check() throws(TrainingError) {
        if terms.isEmpty || !(temperature > 0) || !temperature.isFinite {
            throw TrainingError("A loss needs at least one term and a temperature above 0.")
        }
        if terms.bridgesVocabularies { throw TrainingError("ULD and GOLD compare tokens of two vocabularies.") }
        if tail == .lump, temperature != 1, needsTeacher {
            throw TrainingError(
                "The share of the lumped tokens is known at temperature 1 alone; renormalize at \(temperature).")
        }
        guard (0...1).contains(promptShare) else {
            throw TrainingError("The share of the loss over whole sequences must lie between 0 and 1, not be \(promptShare).")
        }
        if teacherWeights.isEmpty || !teacherWeights.allSatisfy({ $0 > 0 && $0.isFinite }) {
            throw TrainingError("Teachers' weights must be above 0.")
        }
        for term in terms {
            guard let name = term.loss.argumentName, let number = term.argument, !(0...1).contains(number) else { continue }
            throw TrainingError("\(name) must lie between 0 and 1, not be \(number).")
        }
    }

    package func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String? {
        guard needsTeacher else { return nil }
        guard example.teachers.count == teacherWeights.count else {
            return "has logits of \(example.teachers.count) teachers; the loss needs those of \(teacherWeights.count)"
        }
        return example.teachers.lazy.compactMap { objection(to: $0, of: example, vocabulary) }.first
    }

    private func objection(to teacher: TeacherLogits, of example: TrainingExample, _ vocabulary: Range<Int32>) -> String? {
        let whole = TokenSpan.sequence.positions(in: example).count
        if promptShare > 0, teacher.positionCount != whole {
            return "has teacher logits for \(teacher.positionCount) positions; a loss over the prompt needs all \(whole)"
        }
        if teacher.k < 1 || ![example.responseLength, whole].contains(teacher.positionCount) || !teacher.isWhole {
            return "has teacher logits for \(teacher.positionCount) positions; its response has \(example.responseLength)"
        }
        return teacher.topTokens.first { !vocabulary.contains($0) }.map {
            "has teacher logits of token \($0); the vocabulary has \(vocabulary.count)"
        }
    }
}
