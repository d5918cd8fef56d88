import CanonicalJSON
import Foundation

/// A training curve for people: what it reads at each step, drawn or in figures.
package struct CurveText: Sendable {
    /// One reading: the steps that have it, and its values there.
    struct Reading: Hashable, Sendable {
        var name: String
        var steps: [Int]
        var values: [Double]
    }

    let readings: [Reading]
    package let steps: Int

    /// - Parameter lines: those of `curve.jsonl`. What is no number is left out.
    package init(lines: [JSON]) {
        var readings: [String: Reading] = [:]
        for line in lines {
            guard let step = line["step"]?.integer else { continue }
            for (name, value) in line.object ?? [:] where name != "step" && name != "tokens" {
                guard let value = value.double, value.isFinite else { continue }
                readings[name, default: Reading(name: name, steps: [], values: [])].steps.append(step)
                readings[name]?.values.append(value)
            }
        }
        self.readings = readings.values.sorted { Self.order($0.name) < Self.order($1.name) }
        steps = lines.count
    }

    /// What is trained for comes first, what the optimizer does last.
    private static func order(_ name: String) -> (Int, String) {
        let first = ["loss", "validation_loss", "reward"]
        let last = ["learning_rate", "gradient_norm"]
        return (first.firstIndex(of: name) ?? last.firstIndex(of: name).map { 100 + $0 } ?? 50, name)
    }

    /// A line for each reading.
    package var figures: String {
        TextTable(
            headings: ["reading", "first", "last", "lowest", "at step", "highest", "at step"],
            lines: readings.map { reading in
                let (lowest, highest) = (reading.place(of: reading.values.min()), reading.place(of: reading.values.max()))
                return [
                    reading.name, Self.figure(reading.values[0]), Self.figure(reading.values[reading.values.count - 1]),
                    Self.figure(reading.values[lowest]), String(reading.steps[lowest]), Self.figure(reading.values[highest]),
                    String(reading.steps[highest]),
                ]
            }
        ).text
    }

    /// A drawing of each reading, so many columns wide, its largest value on the left above and its smallest below.
    package func drawing(width: Int) -> String {
        let margin = 12
        return readings.map { reading in
            let plot = LinePlot(
                xs: reading.steps.map(Double.init), ys: reading.values, width: max(20, width - margin - 1), height: 3)
            let (lowest, highest) = (reading.values.min() ?? 0, reading.values.max() ?? 0)
            let labels = [Self.figure(highest), "", lowest == highest ? "" : Self.figure(lowest)]
            let last = reading.values.last.map(Self.figure) ?? ""
            return
                (["\(reading.name), in the end \(last)"]
                + zip(labels, plot.lines).map { String(repeating: " ", count: margin - $0.count) + $0 + " " + $1 })
                .joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// The loss on one line, in blocks; empty where there is none.
    package func lossLine(width: Int) -> String {
        readings.first { $0.name == "loss" }.map { BlockLine(values: $0.values, width: width).text } ?? ""
    }

    /// The first and the last value of a reading.
    package func ends(of name: String) -> (first: String, last: String)? {
        guard let reading = readings.first(where: { $0.name == name }), let first = reading.values.first,
            let last = reading.values.last
        else { return nil }
        return (Self.figure(first), Self.figure(last))
    }

    private static func figure(_ value: Double) -> String { String(format: "%.4g", value) }
}

extension CurveText.Reading {
    fileprivate func place(of value: Double?) -> Int { value.flatMap { values.firstIndex(of: $0) } ?? 0 }
}

/// How a report's models were trained, a line for each training.
package struct TrainingTable: Sendable {
    package let text: String

    package init(_ trainings: [(stage: String, curve: CurveText)]) {
        text =
            TextTable(
                headings: ["training", "loss", "steps", "first", "last", "validation"],
                lines: trainings.map { stage, curve in
                    let loss = curve.ends(of: "loss")
                    return [
                        stage, curve.lossLine(width: 24), String(curve.steps), loss?.first ?? "–", loss?.last ?? "–",
                        curve.ends(of: "validation_loss")?.last ?? "–",
                    ]
                }, words: 2
            ).text
    }
}
