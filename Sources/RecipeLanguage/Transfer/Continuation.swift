import Declarations
import Diagnostics
import Kinds
import Words

/// How a step's training is cut, so that a longer one goes on from where a shorter one was.
package struct Continuation: Sendable {
    /// Steps from one cut to the next.
    package let every: Spanned<Int>

    private static let isWanted = Field.flag(
        "continue", false,
        "Whether a longer training goes on from this one: its steps are done in stages, which trainings of other lengths share. "
            + "The model is the same.")
    private static let distance = Field.integer(
        "continue_every", 100, in: 1...10_000_000, "Of `continue`: steps of a stage. The state after each is kept.")
    static let fields: [any DefinedField] = [isWanted, distance]

    /// The state after a stage takes three times the room of what is trained.
    private static let mostCuts = 100

    /// `nil` where nobody asks for it. What makes a longer training another one from the start is reported.
    init?(reading options: Fields, of step: Transfer.Step) {
        let wanted = options[Self.isWanted]
        every = options[Self.distance].or(wanted) { _ in Self.distance.standard }
        guard wanted.value else {
            if every.isWritten {
                options.report(
                    .conflict, "'continue_every' is of a training that can be continued", at: every.span,
                    help: "add 'continue: true'")
            }
            return nil
        }
        let training = step.training
        if training.schedule == .cosine {
            options.report(
                .conflict, "a learning rate that falls along a cosine is another one at every step of a longer training",
                at: wanted.span, secondary: training.$schedule.isWritten ? [.init(training.$schedule.span)] : [],
                help: "write 'schedule: constant' or 'schedule: wsd'")
        }
        if training.epochs != nil {
            options.report(
                .conflict, "how many steps 'epochs' are is known when the rows are counted, after the plan",
                at: training.$epochs.span, secondary: [.init(wanted.span)], help: "write 'steps' in place of 'epochs'")
        }
        if case .kd(let distillation) = step.kind, distillation.scope.value == .used {
            options.report(
                .conflict, "a longer training uses other rows, and 'capture: used' captures the logits of no others",
                at: distillation.scope.span, secondary: [.init(wanted.span)], help: "write 'capture: all' or 'capture: none'")
        }
        checkWarmup(training, wanted, options)
        checkCuts(training, options)
    }

    private func checkWarmup(_ training: TrainingParameters, _ wanted: Spanned<Bool>, _ options: Fields) {
        if training.$warmup.isWritten, training.warmup > 0 {
            options.report(
                .conflict, "a warm-up over a share of the steps is another one in a longer training",
                at: training.$warmup.span, secondary: [.init(wanted.span)],
                help: "write 'warmup_steps: 20' in place of 'warmup'")
        }
        if training.$warmupSteps.isWritten, training.warmupSteps > every.value / 2 {
            options.report(
                .conflict, "a warm-up of \(training.warmupSteps) steps is not over in the first half of \(every.value)",
                at: training.$warmupSteps.span, secondary: [.init(every.span)],
                help: "write 'continue_every: \(2 * training.warmupSteps)' or more")
        }
    }

    private func checkCuts(_ training: TrainingParameters, _ options: Fields) {
        guard let steps = training.steps, steps / every.value > Self.mostCuts else { return }
        options.report(
            .conflict, "\(steps) steps are cut \(steps / every.value) times, and \(Self.mostCuts) times is the most",
            at: every.span, secondary: training.$steps.isWritten ? [.init(training.$steps.span)] : [],
            help: "write 'continue_every: \((steps + Self.mostCuts - 1) / Self.mostCuts)' or more")
    }
}
