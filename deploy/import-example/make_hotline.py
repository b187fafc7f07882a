#!/usr/bin/env python3
"""Writes hotline.csv, a hotline's export as spreadsheets in China save it: GB18030, a title above the header, commas."""

import csv
import io
import pathlib

HEADER = [
    "工单号", "状态", "来源", "来电时间", "客户姓名", "区号", "联系电话", "地址", "门店", "品类", "品牌", "型号",
    "本店购买", "购买日期", "网点编号", "投诉内容", "诉求", "索赔金额(元)", "危险情况", "违规类别", "发生时间", "坐席工号",
]
ROWS = [
    ["TS20260305001", "处理中", "电话", "2026/3/5 9:12", "张三", "", "13800010001", "芙蓉区五一大道1号", "五一店", "空调",
     "Polar", "KF-35", "是", "2025/7/1", "O-ANJIE", "约了上午,师傅下午才到\n还把墙打坏了", "维修", "", "-", "迟到", "3月4日 14:00",
     "p-hq-liu"],
    ["TS20260305002", "处理中", "小程序", "2026/3/5 10:40", "李四", "0731", "85550002", "", "芦淞店", "洗衣机", "Riverstone", "",
     "是", "2026/2/18", "", "脱水时异响,要求\"全额\"退款", "退款", "2,999.00", "无", "", "", "p-hq-liu"],
    ["TS20260305003", "处理中", "12315", "2026/3/5 11:05", "", "", "13800010003", "", "岳麓店", "电热水器", "Northwind", "EW-60",
     "否", "", "O-KAIDA", "使用中冒烟起火,已断电", "赔偿", "12000", "起火、受伤", "", "", "p-hq-zhao"],
    ["TS20260305004", "作废", "电话", "2026/3/5 11:30", "测试", "", "000", "", "", "", "", "", "", "", "", "", "", "", "", "",
     "", "p-hq-zhao"],
    ["TS20260305005", "已结", "门店", "2026/3/5 15:20", "王五", "", "13800010005", "", "东塘店", "冰箱", "Polar", "BC-210",
     "是", "2024/11/11", "O-ANJIE", "师傅收了上门费不开票", "", "", "", "乱收费", "3月5日 10:00", "p-hq-liu"],
]


def main():
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["2026年3月5日热线登记表"] + [""] * (len(HEADER) - 1))
    writer.writerow(HEADER)
    writer.writerows(ROWS)
    path = pathlib.Path(__file__).resolve().parent / "hotline.csv"
    path.write_bytes(text.getvalue().encode("gb18030"))


if __name__ == "__main__":
    main()
