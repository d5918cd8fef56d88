import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

/// What a model is calibrated on, as a stage that does so has it.
struct LoweredCalibration {
    let input: Stage.Input
    let set: Spanned<String>
    let prompt: Spanned<PromptStyle>
    let length: Spanned<Int?>
    let isText: Bool
}

extension Lowering {
    /// The rows that a model learns from, or a text, as an input. `nil` where a problem was found.
    ///
    /// A text has no set and no prompts: what stages would have for them is the standard, so that all data share what is made
    /// of the same text.
    mutating func addCalibration(
        _ data: CalibrationData, of model: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredCalibration? {
        let origin = data.origin(in: base.pipeline.data)
        let length = data.length(of: origin)
        guard origin == .text else {
            return LoweredCalibration(
                input: .init(name: "data", stage: base.lessons(of: model)), set: data.name, prompt: base.prompt,
                length: length, isText: false)
        }
        guard let text = try addReference(data.name, base.pipeline) else { return nil }
        return LoweredCalibration(
            input: .init(name: "text", stage: text), set: data.name.map { _ in Calibration.standard.set },
            prompt: data.name.map { _ in Calibration.standard.prompt }, length: length, isText: true)
    }
}

extension LoweredCalibration {
    /// - Parameter samples: how many sequences are taken.
    func workload(of model: LoweredModel, samples: Int, _ base: LoweredBase) -> Workload {
        let workload = base.workload(of: model)
        guard isText, let length = length.value else { return workload }
        return Workload(
            model: workload.model, tokensPerRow: Double(length), rows: [set.value: Double(samples)])
    }
}
