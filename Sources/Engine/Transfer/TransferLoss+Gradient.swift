import CKernels
import Words

extension TransferLoss {
    /// Replaces logits [V] by their gradient times `scale`; returns the loss.
    ///
    /// With e = exp(x − largest) the gradient is a·e + b·e^(1/τ) at every token except the target and the teacher's stored tokens,
    /// which are set one by one. Passes over the vocabulary use vectors and allocate no memory.
    package func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double {
        let largest = decant_largest(logits, vocabularySize)
        let crossEntropy = weight(of: .crossEntropy)
        let shift = Double(logits[Int(target.token)] - largest)
        let teachers = needsTeacher ? target.example.teachers : []
        var sum: Double?
        if crossEntropy != 0, teachers.isEmpty || temperature != 1 {
            sum = Double(decant_sum_of_exponentials(logits, largest, 1, vocabularySize))
        }
        var comparisons: [TeacherComparison] = []
        for (teacher, weight) in zip(teachers, teacherWeights) {
            let row = TeacherRow(
                teacher, position: teacher.place(of: target), temperature: temperature, tail: tail,
                vocabularySize: vocabularySize)
            let student = StudentRow(
                logits, vocabularySize: vocabularySize, largest: largest, tokens: row.tokens, temperature: temperature)
            // The logits are no numbers any more; the loss shows it to the trainer.
            guard student.isFinite else { return .nan }
            // At temperature 1 the stored tokens and the others make the whole sum.
            sum = sum ?? student.sum
            comparisons.append(
                TeacherComparison(student: student, divergence: divergence(of: student, from: row, weight: weight)))
        }
        var loss = temperature * temperature * comparisons.reduce(0) { $0 + $1.divergence.value }
        var a = 0.0
        if crossEntropy != 0, let sum {
            loss += crossEntropy * (PortableMath.log(sum) - shift)
            a = crossEntropy * Double(scale) / sum
        }
        let factor = temperature * Double(scale)
        let slope = comparisons.reduce(0) { $0 + $1.divergence.slopeOfOthers }
        decant_add_exponentials(
            logits, largest, Float(a), Float(factor * slope), Float(1 / temperature), vocabularySize)
        for (number, comparison) in comparisons.enumerated() {
            for (place, token) in comparison.student.tokens.enumerated() {
                let divided = comparison.student.divided[place]
                let plain = a == 0 ? 0 : a * PortableMath.exp(divided * temperature)
                var gradient = 0.0
                for (other, comparison) in comparisons.enumerated() {
                    gradient += comparison.gradient(of: token, at: other == number ? place : nil, divided: divided)
                }
                logits[Int(token)] = Float(plain + factor * gradient)
            }
        }
        logits[Int(target.token)] -= Float(crossEntropy) * scale
        return loss
    }

    private func weight(of loss: Loss) -> Double { terms.reduce(0) { $0 + ($1.loss == loss ? $1.weight : 0) } }

    /// The weighted sum of all divergences from one teacher.
    private func divergence(of student: StudentRow, from teacher: TeacherRow, weight share: Double) -> Divergence {
        let pair = DistributionPair(
            teacher: teacher.logProbabilities,
            student: tail == .lump ? student.lumped(withBucket: teacher.hasBucket) : student.renormalized)
        var sum = Divergence(value: 0, gradient: [Double](repeating: 0, count: pair.count), slopeOfOthers: 0)
        for term in terms { sum.value += pair.add(term, weight: share * term.weight, to: &sum.gradient) }
        switch tail {
        case .lump:
            if teacher.hasBucket, let bucket = sum.gradient.last { sum.slopeOfOthers = bucket / student.others }
        case .renormalize:
            let weight = share * terms.reduce(0) { $0 + ($1.loss == .crossEntropy ? 0 : $1.weight) }
            sum.value += weight * (PortableMath.log(student.sum) - PortableMath.log(student.inside))
            for (place, exponential) in student.exponentials.enumerated() {
                sum.gradient[place] += weight * (exponential / student.sum - exponential / student.inside)
            }
            if student.others > 0 { sum.slopeOfOthers = weight / student.sum }
        }
        return sum
    }
}

/// A sum of divergences, and its gradient with respect to the student's divided logits.
private struct Divergence {
    var value: Double
    /// The gradient of the stored tokens and of the bucket, where there is one.
    var gradient: [Double]
    /// The gradient of any other token for an exponential of 1.
    var slopeOfOthers: Double
}

/// The student's logits and the divergence from one teacher at a position.
private struct TeacherComparison {
    let student: StudentRow
    let divergence: Divergence

    /// - Parameter place: index among the teacher's stored tokens, where the caller knows it.
    func gradient(of token: Int32, at place: Int?, divided: Double) -> Double {
        if let place = place ?? student.tokens.firstIndex(of: token).map({ $0 - student.tokens.startIndex }) {
            return divergence.gradient[place]
        }
        return divergence.slopeOfOthers * PortableMath.exp(divided)
    }
}

/// The student's logits for a divergence: those of the stored tokens, and the sum of all others.
private struct StudentRow {
    let tokens: ArraySlice<Int32>
    /// (x − largest)/τ of the stored tokens, and e to it.
    let divided, exponentials: [Double]
    /// Sums of exponentials of the stored tokens and of all others.
    let inside, others: Double

    var sum: Double { inside + others }
    var isFinite: Bool { sum.isFinite && divided.allSatisfy(\.isFinite) }

    /// Restores the logits after reading them.
    init(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, largest: Float, tokens: ArraySlice<Int32>,
        temperature: Double
    ) {
        self.tokens = tokens
        divided = tokens.map { Double(logits[Int($0)] - largest) / temperature }
        exponentials = divided.map { PortableMath.exp($0) }
        inside = exponentials.reduce(0, +)
        let kept = tokens.map { logits[Int($0)] }
        for token in tokens { logits[Int(token)] = -.infinity }
        others =
            tokens.count < vocabularySize
            ? Double(decant_sum_of_exponentials(logits, largest, Float(1 / temperature), vocabularySize)) : 0
        for (token, logit) in zip(tokens, kept) { logits[Int(token)] = logit }
    }

    /// ln q of the stored tokens and of the bucket.
    func lumped(withBucket hasBucket: Bool) -> [Double] {
        let logSum = PortableMath.log(sum)
        return divided.map { $0 - logSum } + (hasBucket ? [PortableMath.log(others) - logSum] : [])
    }

    /// ln q of the stored tokens, renormalized over them.
    var renormalized: [Double] {
        let logSum = PortableMath.log(inside)
        return divided.map { $0 - logSum }
    }
}
