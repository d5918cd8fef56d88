import Diagnostics
import Programs
import RecipeLanguage

/// Models drawn from scratch that this machine's memory cannot train.
struct ModelSizes {
    /// Weight, gradient and two moments, four bytes each.
    private static let bytesPerParameter = 16

    let recipe: Recipe
    /// Bytes.
    let memory: Int

    /// Warnings, each at the shape that is too large.
    var warnings: [Diagnostic] {
        var warnings: [Diagnostic] = []
        for variant in recipe.variants where warnings.count < 20 {
            let pipeline = variant.pipeline
            let models = [
                ("teacher", pipeline.teacher.origin.shape, pipeline.tokenizer),
                ("student", pipeline.student.origin.shape, pipeline.studentTokenizer),
            ]
            for case (let name, let shape?, let tokenizer) in models {
                let vocabulary = tokenizer.vocabulary.value
                let parameters = ModelSize(shape, vocabulary: vocabulary).total
                let bytes = parameters.multipliedReportingOverflow(by: Self.bytesPerParameter)
                guard bytes.overflow || bytes.partialValue > memory else { continue }
                let sides = [shape.$hidden, shape.$layers, shape.$intermediate]
                warnings.append(
                    Diagnostic(
                        .warning, code: "large-model",
                        "the \(name) has about \(Self.millions(parameters)) parameters, whose training takes more than this "
                            + "machine's \(ByteCount.text(memory)) of memory",
                        at: (sides.first(where: \.isWritten) ?? sides[0]).span,
                        help: "make 'hidden', 'layers' or 'intermediate' smaller, or build elsewhere"))
            }
        }
        return warnings.sortedByPosition()
    }

    private static func millions(_ parameters: Int) -> String {
        parameters < 1_000_000_000
            ? "\(parameters / 1_000_000) million" : "\((Double(parameters) / 1e8).rounded() / 10) billion"
    }
}
