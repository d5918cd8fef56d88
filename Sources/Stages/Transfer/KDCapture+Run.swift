import Engine
import Planner

extension KDCapture: RunnableStage {
    package func run(in context: StageContext) throws {
        let folder = context.modelFolder("teacher")
        let rows = ResponseRows(
            prompts: try folder.prompts(prompt), functions: try context.readFunctions("data"))
        var examples = try context.examplesToLearn(rows, answer: answer)
        let captured = try context.inferenceModel("teacher").captureLogits(
            examples, k: k, of: wholeSequence == true ? .sequence : .response, workers: context.workers,
            checkpoint: context.resultCheckpoint(of: examples.count, unit: "row"))
        guard captured.allSatisfy({ $0.logSumExp.allSatisfy(\.isFinite) }) else {
            throw StageFailure("the teacher's logits are not numbers; was it trained at too high a learning rate?")
        }
        for (index, logits) in captured.enumerated() { examples[index].teacher = logits }
        try SafeTensors.write(CapturedLogits(examples).tensors, to: context.output(CapturedLogits.file))
        try context.copy("tokenizer.json", from: "teacher")
    }
}
