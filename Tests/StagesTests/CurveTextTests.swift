import CanonicalJSON
import Testing

@testable import Stages

@Suite struct CurveTextTests {
    private func lines(_ losses: [Double], validation: [Int: Double] = [:]) -> [JSON] {
        losses.enumerated().map { step, loss in
            var line: [String: JSON] = [
                "step": .integer(Int64(step)), "loss": .number(loss), "tokens": 9, "learning_rate": .number(0.001),
            ]
            if let value = validation[step] { line["validation_loss"] = .number(value) }
            return .object(line)
        }
    }

    @Test func figuresNameTheEndsAndTheExtremes() {
        let curve = CurveText(lines: lines([3, 1.5, 0.25, 0.5], validation: [1: 2, 3: 1.125]))
        #expect(curve.steps == 4)
        #expect(
            curve.figures == """
                reading          first   last  lowest  at step  highest  at step
                ───────────────  ─────  ─────  ──────  ───────  ───────  ───────
                loss                 3    0.5    0.25        2        3        0
                validation_loss      2  1.125   1.125        3        2        1
                learning_rate    0.001  0.001   0.001        0    0.001        0

                """)
    }

    /// A line from the upper left to the lower right, one that stays, and one of a single point.
    @Test func drawingsHaveTheLargestValueAbove() {
        let falling = LinePlot(xs: [0, 1], ys: [1, 0], width: 8, height: 2)
        #expect(falling.lines == ["⠉⠒⠤⣀", "⠀⠀⠀⠀⠉⠒⠤⣀"])
        #expect(LinePlot(xs: [0, 1, 2], ys: [5, 5, 5], width: 3, height: 1).lines == ["⠒⠒⠒"])
        #expect(LinePlot(xs: [4], ys: [5], width: 3, height: 1).lines == ["⠂"])
        #expect(LinePlot(xs: [], ys: [], width: 3, height: 2).lines == ["", ""])
    }

    /// Between two points that lie far apart every row of dots is set, and many points in one column are one stroke.
    @Test func steepLinesHaveNoGaps() {
        let jump = LinePlot(xs: [0, 1], ys: [0, 1], width: 1, height: 2)
        #expect(jump.lines == ["⢸", "⡸"])
        let dense = LinePlot(xs: (0..<100).map(Double.init), ys: (0..<100).map { Double($0 % 2) }, width: 2, height: 1)
        #expect(dense.lines == ["⣿⣿"])
    }

    @Test func blocksRiseWithTheMeansOfTheirParts() {
        #expect(BlockLine(values: [0, 1, 2, 3, 4, 5, 6, 7], width: 8).text == "▁▂▃▄▅▆▇█")
        #expect(BlockLine(values: [7, 5, 1, 1, 0, 0], width: 3).text == "█▂▁")
        #expect(BlockLine(values: [2, 2], width: 5).text == "▁▁")
        #expect(BlockLine(values: [], width: 5).text == "")
    }

    @Test func aDrawingNamesItsReadings() {
        let drawing = CurveText(lines: lines([3, 2, 1], validation: [2: 0.5])).drawing(width: 40)
        #expect(
            drawing.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).filter {
                $0.contains("in the end")
            }
                == ["loss, in the end 1", "validation_loss, in the end 0.5", "learning_rate, in the end 0.001"])
        #expect(drawing.contains("           3 ⠉"))
        #expect(drawing.contains("           1 "))
    }

    @Test func whatIsNoNumberIsLeftOut() {
        let curve = CurveText(lines: [["step": 0, "loss": "nan"], ["step": 1, "loss": 2], ["loss": 3], 7])
        #expect(curve.readings.map(\.values) == [[2]])
        #expect(CurveText(lines: []).lossLine(width: 9) == "")
    }

    @Test func aTableHasALineForEachTraining() {
        let table = TrainingTable([
            ("teacher.sft", CurveText(lines: lines([4, 2, 1], validation: [2: 0.75]))),
            ("student.kd", CurveText(lines: lines([2, 2]))),
        ])
        #expect(
            table.text == """
                training     loss  steps  first  last  validation
                ───────────  ────  ─────  ─────  ────  ──────────
                teacher.sft  █▃▁       3      4     1        0.75
                student.kd   ▁▁        2      2     2           –

                """)
    }
}
