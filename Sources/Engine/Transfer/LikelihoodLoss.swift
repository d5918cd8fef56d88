import CKernels

/// Σ over the step's rows of a coefficient times −ln π(response): its gradient is that of any function of the rows'
/// log-likelihoods whose derivatives the coefficients are.
struct LikelihoodLoss: ResponseLoss {
    /// By row.
    let coefficients: [Double]

    func check() throws(TrainingError) {}

    func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String? { nil }

    func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double {
        let coefficient = coefficients[target.row] * Double(scale)
        let largest = decant_largest(logits, vocabularySize)
        let shift = Double(logits[Int(target.token)] - largest)
        let sum = Double(decant_sum_of_exponentials(logits, largest, 1, vocabularySize))
        decant_add_exponentials(logits, largest, Float(coefficient / sum), 0, 1, vocabularySize)
        logits[Int(target.token)] -= Float(coefficient)
        return coefficients[target.row] * (PortableMath.log(sum) - shift)
    }
}
