import Schema

extension Panel {
    /// `dashboard.json`, to be imported into Grafana.
    package static var dashboard: String {
        var panels: [JSON] = []
        var y: Int64 = 0
        for row in Row.allCases {
            panels.append([
                "type": "row", "title": .string(row.rawValue), "collapsed": false, "id": .int(Int64(panels.count + 1)),
                "gridPos": place(x: 0, y: y, width: 24, height: 1), "panels": [],
            ])
            y += 1
            let own = all.filter { $0.row == row }
            for (index, panel) in own.enumerated() {
                let x = Int64(index % columns) * width
                panels.append(panel.json(id: panels.count + 1, at: place(x: x, y: y, width: width, height: height)))
                if index % columns == columns - 1 || index == own.count - 1 { y += height }
            }
        }
        let dashboard: JSON = [
            "title": "Recourse", "uid": "recourse", "tags": ["recourse"], "schemaVersion": 39, "editable": true,
            "refresh": "30s", "time": ["from": "now-6h", "to": "now"], "timezone": "browser",
            "templating": ["list": [source, stages]], "panels": .array(panels),
        ]
        return dashboard.indented
    }

    private static let columns = 3
    private static let width: Int64 = 8
    private static let height: Int64 = 7

    /// Which Prometheus, as the reader chooses.
    private static let source: JSON = [
        "name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus",
    ]
    private static let stages: JSON = [
        "name": "stage", "label": "Stage", "type": "query", "datasource": chosen, "multi": true, "includeAll": true,
        "current": ["text": "All", "value": "$__all"], "refresh": 2,
        "query": .string("label_values(\(Metric.build.name), stage)"),
    ]
    private static let chosen: JSON = ["type": "prometheus", "uid": "${source}"]

    private static func place(x: Int64, y: Int64, width: Int64, height: Int64) -> JSON {
        ["x": .int(x), "y": .int(y), "w": .int(width), "h": .int(height)]
    }

    private func json(id: Int, at place: JSON) -> JSON {
        let targets = queries.enumerated().map { index, query -> JSON in
            [
                "refId": .string(String(UnicodeScalar(UInt8(ascii: "A") + UInt8(clamping: index)))),
                "datasource": Panel.chosen, "expr": .string(query.expression), "legendFormat": .string(query.legend),
            ]
        }
        return [
            "id": .int(Int64(id)), "type": .string(kind.rawValue), "title": .string(title), "datasource": Panel.chosen,
            "gridPos": place, "targets": .array(targets),
            "fieldConfig": ["defaults": ["unit": .string(unit), "min": 0], "overrides": []],
        ]
    }
}
