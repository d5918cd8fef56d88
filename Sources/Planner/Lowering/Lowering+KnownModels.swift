import Declarations
import Diagnostics
import RecipeLanguage

extension Lowering {
    /// Groups must fill the rows of every linear layer: of an imported student that is said before anything is trained, where its
    /// files are at hand. Pruning by depth leaves the layers as wide as they were.
    mutating func checkGroups(_ quantize: QuantizeSection, of pipeline: Pipeline) {
        let size = quantize.groupSize.value
        guard size > 0, size.isMultiple(of: 8), let reference = pipeline.student.origin.reference,
            let model = models[reference.value], pipeline.prune.allSatisfy({ $0.method.value == .depth }),
            let wrong = model.columns.first(where: { !$0.isMultiple(of: size) })
        else { return }
        let possible = stride(from: 8, through: max(8, model.columns[0]), by: 8).filter { divisor in
            model.columns.allSatisfy { $0.isMultiple(of: divisor) }
        }
        let nearest = possible.min { abs($0 - size) < abs($1 - size) } ?? 0
        let problem = Diagnostic(
            .badGroup, "'group_size' must divide the widths of the linear layers of '\(reference.value)'",
            at: quantize.groupSize.span, label: "\(size) does not divide \(wrong)", secondary: [.init(reference.span)],
            help: "the nearest possible value is \(nearest); 0 means one scale per output channel")
        // Variants of a matrix share most of the recipe.
        if !problems.contains(problem) { problems.append(problem) }
    }
}
