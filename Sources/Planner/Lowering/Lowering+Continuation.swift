import BuildModel
import Kinds
import RecipeLanguage

extension Lowering {
    /// The stage of a training. Where longer ones shall go on from it, stages before it do the steps up to each cut: no
    /// parameter of theirs depends on how long the training is, so trainings of all lengths have them in common.
    mutating func addRun(
        of kind: some TrainingKind, _ step: Transfer.Step, _ title: StageTitle, inputs: [Stage.Input], workload: Workload
    ) throws -> StageID {
        guard let part = step.continuation?.every else {
            return try builder.add(kind, title, inputs: inputs, workload: workload)
        }
        var rest = kind
        var state: [Stage.Input] = []
        for end in kind.training.cuts(every: part.value) {
            var trunk = rest
            trunk.training.becomeTrunk(of: end, cut: part)
            let stage = try builder.add(
                trunk, StageTitle(parent: title.parent, suffix: "\(title.suffix).until\(end)"), inputs: inputs + state,
                workload: workload)
            rest.training.goOn(from: end, cut: part)
            state = [.init(name: "state", stage: stage)]
        }
        return try builder.add(rest, title, inputs: inputs + state, workload: workload)
    }
}
